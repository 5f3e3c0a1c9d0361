-- Prizes: how challenges end. Settlements, results and corrections are only ever added; grants have a life of their own.
create table challenge_judgement (
  tenant_id uuid not null,
  challenge_id uuid not null,
  verdicts json not null, -- [[subject, verdict]]: the last judgement counts until the challenge is settled
  judged_by uuid,
  judged_at timestamptz(3) not null,
  primary key (tenant_id, challenge_id),
  foreign key (tenant_id, challenge_id) references challenge
);
call laurel_secure('challenge_judgement');

create table challenge_settlement (
  tenant_id uuid not null,
  challenge_id uuid not null,
  settled_at timestamptz(3) not null,
  subject_count integer not null,
  primary key (tenant_id, challenge_id), -- once
  foreign key (tenant_id, challenge_id) references challenge
);
call laurel_secure('challenge_settlement');

create table challenge_result (
  tenant_id uuid not null,
  challenge_id uuid not null,
  subject_id uuid not null,
  position integer not null, -- in order, from 1
  value numeric(24, 6),
  percent numeric(5, 2),
  rank integer,
  reached_at timestamptz(3),
  parts json,
  tier integer, -- its place in the challenge's tiers, from 0; null: no tier was theirs
  points bigint not null,
  primary key (tenant_id, challenge_id, subject_id),
  foreign key (tenant_id, challenge_id) references challenge_settlement
);
call laurel_secure('challenge_result');

-- One part of a tier for one subject. Points are given at once; everything else waits for another person.
create table challenge_grant (
  tenant_id uuid not null,
  id uuid not null,
  challenge_id uuid not null,
  subject_id uuid not null,
  user_id uuid, -- whom it is for; null: the team, the department or the company itself
  reward json not null,
  points bigint, -- of points, what this recipient got
  title text,
  state text not null check (state in ('GRANTED', 'APPROVED', 'REJECTED', 'FULFILLED')),
  granted_at timestamptz(3) not null,
  decided_by uuid,
  decided_at timestamptz(3),
  fulfilled_by uuid,
  fulfilled_at timestamptz(3),
  expires_at timestamptz(3), -- of a discount, from its approval
  note text check (length(note) <= 500),
  primary key (tenant_id, id),
  foreign key (tenant_id, challenge_id) references challenge_settlement
);
create index challenge_grant_state on challenge_grant (tenant_id, state, id);
create index challenge_grant_own on challenge_grant (tenant_id, subject_id) where user_id is null and points is not null;
call laurel_secure('challenge_grant');

-- What facts that came or were taken back after the settlement would have changed. Nothing is paid or taken back for it.
create table challenge_correction (
  tenant_id uuid not null,
  id uuid not null,
  challenge_id uuid not null,
  subject_id uuid not null,
  value_before numeric(24, 6),
  value numeric(24, 6),
  rank_before integer,
  rank integer,
  tier_before integer,
  tier integer,
  reached_at timestamptz(3),
  parts json,
  found_at timestamptz(3) not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, challenge_id) references challenge_settlement
);
create index challenge_correction_list on challenge_correction (tenant_id, challenge_id, id);
call laurel_secure('challenge_correction');

grant select, insert on challenge_settlement, challenge_result, challenge_correction to laurel_app;
grant select, insert, update on challenge_judgement, challenge_grant to laurel_app;
