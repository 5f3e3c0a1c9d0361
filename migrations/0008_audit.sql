-- The audit: one entry per command and per denial (AUTH-05). It can be added to and read; nobody changes or removes an entry.

create table audit_entry (
  tenant_id uuid not null,
  id uuid not null,
  at timestamptz(3) not null,
  actor_id uuid,
  actor_kind text not null check (actor_kind in ('PERSON', 'KEY', 'SCREEN', 'HOUSE')),
  credential_id uuid,
  role text not null,
  action text not null,
  for_user_id uuid,
  subject text,
  decision text not null check (decision in ('ALLOWED', 'REFUSED', 'DENIED', 'FAILED')),
  rule text,
  before_hash bytea,
  after_hash bytea,
  correlation_id uuid not null,
  ip inet,
  agent text,
  primary key (tenant_id, id, at)
) partition by range (at);
create index audit_entry_actor on audit_entry (tenant_id, actor_id, id);
call laurel_secure('audit_entry');
call laurel_partition('audit_entry', 'default', null, null);

-- Grants keep the running roles from it; the trigger keeps everybody from it, the owner included.
create function laurel_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'entries of % are never changed or removed', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger audit_entry_stays before update or delete on audit_entry for each row execute function laurel_refuse_change();
create trigger audit_entry_stays_whole before truncate on audit_entry execute function laurel_refuse_change();

grant select, insert on audit_entry to laurel_app;
