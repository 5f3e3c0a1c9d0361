-- Activities: the catalogue (versions with effective dates), what happened, and its reversal.
create table activity_type (
  tenant_id uuid not null references tenant,
  id uuid not null,
  key text not null check (key ~ '^[a-z][a-z0-9_]{1,63}$'),
  version integer not null check (version >= 1),
  category text not null,
  name text not null,
  points bigint not null check (points between -1000000 and 1000000),
  per_unit boolean not null default false,
  exclusive_group text,
  active boolean not null default true,
  effective_from timestamptz(3) not null,
  primary key (tenant_id, id),
  unique (tenant_id, key, version)
);
create unique index activity_type_effective on activity_type (tenant_id, key, effective_from);
call laurel_secure('activity_type');

create table activity (
  tenant_id uuid not null,
  id uuid not null,
  type_id uuid not null,
  user_id uuid not null,
  recorded_by uuid,
  quantity integer not null,
  occurred_at timestamptz(3) not null,
  recorded_at timestamptz(3) not null default now(),
  source text,
  source_id text,
  note text,
  entry_seq bigint not null,
  primary key (tenant_id, id, recorded_at)
) partition by range (recorded_at);
call laurel_secure('activity');
call laurel_partition('activity', 'default', null, null);

-- One award per source fact, whatever channel it came by (POINT-R2); a plain table, so that the key holds across partitions.
create table activity_source (
  tenant_id uuid not null,
  source text not null,
  source_id text not null,
  user_id uuid not null,
  activity_type text not null,
  activity_id uuid not null,
  primary key (tenant_id, source, source_id, user_id, activity_type)
);
call laurel_secure('activity_source');

create table activity_reversal (
  tenant_id uuid not null references tenant,
  activity_id uuid not null,
  entry_seq bigint not null,
  reason text,
  reversed_by uuid,
  reversed_at timestamptz(3) not null default now(),
  primary key (tenant_id, activity_id)
);
call laurel_secure('activity_reversal');

grant select, insert, update on activity_type to laurel_app;
grant select, insert on activity, activity_source, activity_reversal to laurel_app;
