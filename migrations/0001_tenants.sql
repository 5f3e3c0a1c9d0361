-- Tenants, the event heads they own, and the directory that finds a tenant before it is known.
-- Every table: tenant_id first in every key, row security forced. `laurel_secure` does the latter in one statement.

create procedure laurel_secure(name regclass) language plpgsql as $$
begin
  execute format('alter table %s enable row level security', name);
  execute format('alter table %s force row level security', name);
  -- The plain form, not a sub-select: measured at 0–6 % of a statement.
  execute format('create policy tenant_isolation on %s using (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)', name);
end $$;

create table tenant (
  tenant_id uuid primary key,
  slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
  name text not null check (length(name) between 1 and 200),
  platforms text[] not null check (cardinality(platforms) between 1 and 20),
  default_platform text not null,
  industry text not null default '',
  time_zone text not null,
  currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
  created_at timestamptz(3) not null default now(),
  check (default_platform = any (platforms))
);
call laurel_secure('tenant');

-- What arrives before the tenant is known (slug, later codes and keys), as a hash; read only through directory_find.
create table directory (
  kind text not null,
  key_hash bytea not null,
  tenant_id uuid not null references tenant,
  primary key (kind, key_hash)
);
call laurel_secure('directory');
create policy directory_lookup on directory for select to current_user using (true);

create function directory_find(wanted_kind text, wanted_key text) returns uuid language sql stable security definer
  set search_path = pg_catalog, public
  as $$ select tenant_id from directory where kind = wanted_kind and key_hash = sha256(convert_to(wanted_key, 'UTF8')) $$;
revoke all on function directory_find(text, text) from public;

-- pos is the last number given to an event of the tenant; epoch changes only when history is lost.
create table event_head (
  tenant_id uuid primary key references tenant,
  epoch text not null,
  pos bigint not null default 0
);
call laurel_secure('event_head');

-- Tables that every command writes have no foreign key to their tenant: each row would lock the one row that all commands share.
-- Row security and the verified token say the tenant; emitting answers nothing without a head.
create table outbox (
  tenant_id uuid not null,
  id bigint generated always as identity,
  topic text not null,
  payload json not null, -- json, not jsonb: written once and read once, never searched
  primary key (tenant_id, id)
);
call laurel_secure('outbox');

create table event_log (
  tenant_id uuid not null,
  pos bigint not null,
  mark bigint not null, -- the outbox id: names the commit, orders nothing
  topic text not null,
  payload json not null,
  at timestamptz(3) not null default now(),
  primary key (tenant_id, pos, at)
) partition by range (at);
create index event_log_mark on event_log (tenant_id, mark);
-- A batch's event is large and lives for a moment: compressing it cost more than writing it.
alter table outbox alter payload set storage external;
alter table event_log alter payload set storage external;
call laurel_secure('event_log');

-- Partitions are made ahead by the owner; each forces row security without a policy, so it answers nothing when asked directly.
create procedure laurel_partition(parent text, suffix text, lower timestamptz, upper timestamptz) language plpgsql as $$
declare child text := parent || '_' || suffix;
begin
  if to_regclass(child) is not null then return; end if;
  if lower is null then
    execute format('create table %I partition of %I default', child, parent);
  else
    execute format('create table %I partition of %I for values from (%L) to (%L)', child, parent, lower, upper);
  end if;
  execute format('alter table %I enable row level security', child);
  execute format('alter table %I force row level security', child);
end $$;
call laurel_partition('event_log', 'default', null, null);

-- Where each reaction (level changes, …) stands in a tenant's event log; moved in the transaction of its effect.
create table reaction_cursor (
  tenant_id uuid not null references event_head,
  reaction text not null,
  pos bigint not null,
  primary key (tenant_id, reaction)
);
call laurel_secure('reaction_cursor');

-- A job's run for one local period of one tenant happens once.
create table job_run (
  tenant_id uuid not null references tenant,
  job text not null,
  period text not null,
  finished_at timestamptz(3) not null default now(),
  primary key (tenant_id, job, period)
);
call laurel_secure('job_run');

-- One command, one key, for as long as the row it made; scoped to who sent it, so that nobody reads another's answer.
create table command_key (
  tenant_id uuid not null,
  actor_id uuid not null,
  key text not null,
  body_hash bytea not null,
  result_id uuid not null,
  primary key (tenant_id, actor_id, key)
);
call laurel_secure('command_key');

grant usage on schema public to laurel_app, laurel_relay;
grant execute on function directory_find(text, text) to laurel_app;
grant select, insert, update on tenant to laurel_app;
grant select, insert, delete on directory to laurel_app;
grant select, insert on event_head to laurel_app;
grant select, insert on outbox to laurel_app;
grant select on event_log to laurel_app;
grant select, insert, update on reaction_cursor to laurel_app;
grant select, insert on job_run to laurel_app;
grant select, insert on command_key to laurel_app;

-- The relay sees the outbox, the log and the heads of all tenants, and nothing else.
grant select, delete on outbox to laurel_relay;
grant select, insert on event_log to laurel_relay;
grant select, update on event_head to laurel_relay;
create policy relay_all on outbox to laurel_relay using (true);
create policy relay_all on event_log to laurel_relay using (true);
create policy relay_all on event_head to laurel_relay using (true);
