-- Rules: what they may read, the rules by version, what is counted of each subject, and what was unlocked.

-- Facts of the tenant's own, beside those that every tenant has.
create table rule_fact (
  tenant_id uuid not null references tenant,
  name text not null check (name ~ '^[A-Za-z][A-Za-z0-9_.-]{0,63}$'),
  definition jsonb not null,
  created_at timestamptz(3) not null,
  primary key (tenant_id, name)
);
call laurel_secure('rule_fact');

create table rule (
  tenant_id uuid not null references tenant,
  id uuid not null,
  key text not null check (key ~ '^[A-Za-z][A-Za-z0-9_.:-]{0,63}$'),
  owner text not null check (owner ~ '^[A-Z][A-Z_]{1,31}$'), -- the room that answers its unlocks
  version integer not null check (version >= 1),
  status text not null check (status in ('DRAFT', 'ACTIVE', 'RETIRED')),
  document jsonb not null,
  created_by uuid,
  created_at timestamptz(3) not null,
  published_at timestamptz(3),
  primary key (tenant_id, id),
  unique (tenant_id, key, version)
);
create unique index rule_active on rule (tenant_id, key) where status = 'ACTIVE';
create unique index rule_draft on rule (tenant_id, key) where status = 'DRAFT';
call laurel_secure('rule');

-- The row that whoever changes rules, or what is counted for them, locks; each counts up, so that what is remembered of either
-- elsewhere is known to be old.
create table rule_state (
  tenant_id uuid primary key references tenant,
  rules_version bigint not null default 0,
  version bigint not null default 0
) with (fillfactor = 70);
call laurel_secure('rule_state');

-- A fact that some rule reads of some kind of subject. What was recorded before `since` is not counted.
create table rule_reading (
  tenant_id uuid not null references tenant,
  subject_kind text not null check (subject_kind in ('USER', 'TEAM', 'TENANT')),
  fact text not null,
  definition text not null,
  since timestamptz(3) not null,
  primary key (tenant_id, subject_kind, fact)
);
call laurel_secure('rule_reading');

-- What is counted of a fact of a subject on a local day (RULE-5).
create table rule_bucket (
  tenant_id uuid not null,
  subject_kind text not null,
  subject_id uuid not null,
  fact text not null,
  day integer not null, -- days since 1970-01-01, in the zone that the fact counts in
  bucket json not null,
  primary key (tenant_id, subject_kind, subject_id, fact, day)
) with (fillfactor = 80);
call laurel_secure('rule_bucket');

create table rule_standing (
  tenant_id uuid not null,
  subject_kind text not null,
  subject_id uuid not null,
  rule_key text not null,
  earned json not null, -- [occurrence, day]: by what happened alone
  granted json not null, -- [occurrence, day, instant]: what stays
  percent numeric(5, 2) not null,
  open_from integer, -- the first day that is read once it has closed
  primary key (tenant_id, subject_kind, subject_id, rule_key)
) with (fillfactor = 80);
create index rule_standing_open on rule_standing (tenant_id, open_from) where open_from is not null;
call laurel_secure('rule_standing');

-- Each occurrence of a rule is unlocked once by a subject (A-32); when it is revoked and earned again, `times` counts up.
create table rule_unlock (
  tenant_id uuid not null,
  id uuid not null,
  rule_key text not null,
  owner text not null,
  rule_version integer not null,
  subject_kind text not null,
  subject_id uuid not null,
  occurrence text not null,
  times integer not null default 1,
  earned_at timestamptz(3) not null, -- of what completed it (UX-07)
  recorded_at timestamptz(3) not null,
  revoked_at timestamptz(3),
  facts json not null, -- as they were read (RULE-7)
  primary key (tenant_id, id),
  unique (tenant_id, rule_key, subject_kind, subject_id, occurrence)
);
create index rule_unlock_subject on rule_unlock (tenant_id, subject_kind, subject_id, earned_at desc);
call laurel_secure('rule_unlock');

grant select, insert, update on rule, rule_fact, rule_state, rule_reading, rule_standing, rule_unlock to laurel_app;
grant select, insert, update, delete on rule_bucket to laurel_app;
