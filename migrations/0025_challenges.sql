-- Challenges: goals with a time window for people, teams, departments or the whole tenant, who takes part, and how far each is.
-- Progress is never added up: it is counted anew from the ledgers, so that what is corrected there is corrected here.
create table challenge (
  tenant_id uuid not null references tenant,
  id uuid not null,
  kind text not null check (kind in ('TEAM', 'GAP', 'PERSONAL')),
  template_id uuid, -- the version of a template that it came from
  series text not null, -- what it is one of: a template's key, or an area; one at a time for an only subject
  title text not null check (length(title) between 1 and 200),
  description text not null check (length(description) <= 2000),
  subject text not null check (subject in ('USER', 'TEAM', 'DEPARTMENT', 'TENANT')),
  only_subject uuid, -- of a challenge for one: whom it is for
  measure json not null,
  goal text not null check (goal in ('AT_LEAST', 'AT_MOST')),
  target numeric(24, 6), -- null: it is a race
  baseline numeric(24, 6), -- what the target was taken from
  enrollment text not null check (enrollment in ('OPEN', 'INVITED', 'ALL')),
  tie_rule text not null check (tie_rule in ('COMPETITION', 'DENSE', 'ORDINAL')),
  payout text not null check (payout in ('OWN', 'EACH_USER', 'SPLIT_EQUAL')),
  tiers json not null,
  links json not null,
  difficulty integer check (difficulty between 1 and 5),
  starts_on date not null, -- local days, the end not included, and the instants they begin
  ends_on date not null,
  starts_at timestamptz(3) not null,
  ends_at timestamptz(3) not null,
  state text not null check (state in ('OPEN', 'SETTLED', 'CANCELED')),
  revision bigint not null, -- counts what its followers were told
  created_by uuid,
  created_at timestamptz(3) not null,
  closed_at timestamptz(3), -- settled or canceled
  primary key (tenant_id, id),
  check (ends_on > starts_on and ends_at > starts_at),
  check ((state = 'OPEN') = (closed_at is null)),
  constraint one_challenge_at_a_time exclude using gist (tenant_id with =, series with =, only_subject with =,
    daterange(starts_on, ends_on) with &&) where (only_subject is not null and state <> 'CANCELED')
) with (fillfactor = 80);
create index challenge_open on challenge (tenant_id, ends_at) where state = 'OPEN';
call laurel_secure('challenge');

create table challenge_enrollment (
  tenant_id uuid not null,
  challenge_id uuid not null,
  subject_id uuid not null,
  state text not null check (state in ('INVITED', 'ENROLLED', 'OPTED_OUT')),
  invited_by uuid,
  changed_by uuid,
  changed_at timestamptz(3) not null,
  primary key (tenant_id, challenge_id, subject_id),
  foreign key (tenant_id, challenge_id) references challenge
);
create index challenge_enrollment_subject on challenge_enrollment (tenant_id, subject_id);
call laurel_secure('challenge_enrollment');

-- Where each subject stands: what was counted last. It can be thrown away and counted again.
create table challenge_progress (
  tenant_id uuid not null,
  challenge_id uuid not null,
  subject_id uuid not null,
  value numeric(24, 6), -- null: nothing that could be measured
  percent numeric(5, 2), -- null: there is no target
  rank integer,
  reached_at timestamptz(3), -- when the newest fact in the value occurred
  completed_at timestamptz(3), -- when it was seen to have reached the target; null again when a correction takes it back
  is_told boolean not null, -- completion is news once
  parts json, -- the values of a combined measure
  primary key (tenant_id, challenge_id, subject_id),
  foreign key (tenant_id, challenge_id, subject_id) references challenge_enrollment
) with (fillfactor = 70);
call laurel_secure('challenge_progress');

-- Counts of points find an award by its entry.
create index point_award_entry on point_award (tenant_id, user_id, entry_seq);

grant select, insert, update on challenge, challenge_enrollment to laurel_app;
grant select, insert, update, delete on challenge_progress to laurel_app;
