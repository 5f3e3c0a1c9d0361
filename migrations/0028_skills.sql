-- Skills: paths of milestones, versioned with effective dates; what people completed of them, and what they claim.
create table skill_path (
  tenant_id uuid not null references tenant,
  id uuid not null,
  key text not null check (key ~ '^[a-z][a-z0-9_]{1,63}$'),
  version integer not null check (version >= 1),
  name text not null check (length(name) between 1 and 200),
  milestones json not null, -- [{ title, requirement, points, measure?, threshold? }], the first being level 1
  active boolean not null default true,
  effective_from timestamptz(3) not null,
  primary key (tenant_id, id),
  unique (tenant_id, key, version),
  unique (tenant_id, key, effective_from)
);
call laurel_secure('skill_path');

create table skill_claim (
  tenant_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  path text not null,
  level integer not null check (level between 1 and 20),
  title text not null,
  evidence text not null check (length(evidence) between 1 and 2000),
  state text not null check (state in ('PENDING', 'ATTESTED', 'REJECTED')),
  claimed_at timestamptz(3) not null,
  decided_by uuid,
  decided_at timestamptz(3),
  reason text check (length(reason) between 1 and 500),
  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users,
  check (decided_by is null or decided_by <> user_id),
  check ((state = 'PENDING') = (decided_at is null)),
  check (state <> 'ATTESTED' or decided_by is not null),
  check ((state = 'REJECTED') = (reason is not null))
);
create unique index skill_claim_pending on skill_claim (tenant_id, user_id, path, level) where state = 'PENDING';
create index skill_claim_waiting on skill_claim (tenant_id, claimed_at, id) where state = 'PENDING';
create index skill_claim_user on skill_claim (tenant_id, user_id, claimed_at);
call laurel_secure('skill_claim');

create table skill_completion (
  tenant_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  path_id uuid not null, -- the version by which it was completed
  path text not null,
  level integer not null check (level between 1 and 20),
  title text not null,
  points bigint not null check (points >= 0),
  claim_id uuid, -- null: it was counted
  completed_at timestamptz(3) not null,
  primary key (tenant_id, id),
  unique (tenant_id, user_id, path, level),
  foreign key (tenant_id, user_id) references users,
  foreign key (tenant_id, path_id) references skill_path,
  foreign key (tenant_id, claim_id) references skill_claim
);
call laurel_secure('skill_completion');

grant select, insert, update on skill_path, skill_claim to laurel_app;
grant select, insert on skill_completion to laurel_app;
