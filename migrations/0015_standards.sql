-- Standards that a tenant has declared, asks to withdraw them, and what was measured for their controls.

create table declared_standard (
  tenant_id uuid not null references tenant,
  standard text not null check (standard ~ '^[A-Z0-9_]{1,40}$'),
  since timestamptz(3) not null,
  declared_by uuid,
  regions text[] not null default '{}', -- allowed ones; empty for any
  session_minutes_max integer check (session_minutes_max > 0), -- the tenant's own; null for the standard's
  audit_days_min integer check (audit_days_min > 0),
  primary key (tenant_id, standard)
);
call laurel_secure('declared_standard');

create table standard_withdrawal (
  tenant_id uuid not null references tenant,
  id uuid not null,
  standard text not null,
  reason text not null check (length(reason) between 1 and 500),
  state text not null check (state in ('ASKED', 'APPROVED', 'EXPIRED')),
  asked_by uuid not null,
  asked_at timestamptz(3) not null,
  decided_by uuid,
  decided_at timestamptz(3),
  primary key (tenant_id, id),
  check (decided_by <> asked_by), -- Whoever asks cannot approve, whatever the application says.
  check ((state = 'APPROVED') = (decided_by is not null))
);
create unique index standard_withdrawal_open on standard_withdrawal (tenant_id, standard) where state = 'ASKED';
call laurel_secure('standard_withdrawal');

-- The last measurement of what is too slow for a request; only counts and ids, never what was found.
create table control_evidence (
  tenant_id uuid not null references tenant,
  control text not null,
  collected_at timestamptz(3) not null,
  count bigint not null,
  sample_ids text[] not null,
  primary key (tenant_id, control)
);
call laurel_secure('control_evidence');

-- What a control has blocked is counted from here.
create index audit_entry_blocked on audit_entry (tenant_id, rule, at) where decision in ('REFUSED', 'DENIED');

grant select, insert, update, delete on declared_standard to laurel_app;
grant select, insert, update on standard_withdrawal to laurel_app;
grant select, insert, update on control_evidence to laurel_app;
