-- Levels as they were entered, with the multiplier of then; benefits as each person has them; badges and who earned them.
create table level_crossing (
  tenant_id uuid not null,
  user_id uuid not null,
  seq bigint not null generated always as identity,
  number integer not null,
  multiplier_bp integer not null, -- of the level entered, when it was entered
  at timestamptz(3) not null,
  primary key (tenant_id, user_id, seq),
  foreign key (tenant_id, user_id) references users
);
call laurel_secure('level_crossing');

create table user_benefit (
  tenant_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  source text not null, -- such as "level expert" or "badge team_builder"
  benefit text not null,
  level_number integer, -- of a level's benefit: it falls with the level while it is pending
  state text not null check (state in ('PENDING', 'GRANTED', 'WITHDRAWN')),
  entitled_at timestamptz(3) not null,
  decided_by uuid,
  decided_at timestamptz(3),
  primary key (tenant_id, id),
  unique (tenant_id, user_id, source, benefit),
  foreign key (tenant_id, user_id) references users
);
create index user_benefit_pending on user_benefit (tenant_id, entitled_at, id) where state = 'PENDING';
call laurel_secure('user_benefit');

-- A badge is a family of levels. Figures change by new versions with a date from which they hold.
create table badge (
  tenant_id uuid not null references tenant,
  id uuid not null,
  key text not null check (key ~ '^[a-z][a-z0-9_]{1,63}$'),
  version integer not null check (version >= 1),
  name text not null check (length(name) between 1 and 200),
  measure json not null, -- what is measured: a closed shape, checked on write and on load
  benefits text[] not null,
  levels json not null, -- [{ title, threshold }], the first being level 1
  active boolean not null default true,
  effective_from timestamptz(3) not null,
  primary key (tenant_id, id),
  unique (tenant_id, key, version),
  unique (tenant_id, key, effective_from)
);
call laurel_secure('badge');

create table earned_badge (
  tenant_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  badge_id uuid not null, -- the version by which it was earned
  key text not null,
  level integer not null check (level between 1 and 20),
  title text not null,
  measured numeric(24, 6) not null,
  sample integer not null,
  earned_at timestamptz(3) not null,
  revoked_by uuid,
  revoked_at timestamptz(3),
  revocation text check (length(revocation) between 1 and 500),
  primary key (tenant_id, id),
  unique (tenant_id, user_id, key, level),
  foreign key (tenant_id, user_id) references users,
  foreign key (tenant_id, badge_id) references badge,
  check ((revoked_at is null) = (revocation is null))
);
call laurel_secure('earned_badge');

-- What a person did of each type, as far as the point ledger was read. The head is the row that readers lock.
create table activity_tally (
  tenant_id uuid not null,
  user_id uuid not null,
  type text not null,
  quantity bigint not null,
  primary key (tenant_id, user_id, type),
  foreign key (tenant_id, user_id) references users
);
call laurel_secure('activity_tally');

create table activity_tally_head (
  tenant_id uuid not null,
  user_id uuid not null,
  upto_seq bigint not null, -- entries up to here are counted
  primary key (tenant_id, user_id),
  foreign key (tenant_id, user_id) references users
) with (fillfactor = 80);
call laurel_secure('activity_tally_head');

grant select, insert on level_crossing to laurel_app;
grant select, insert, update on user_benefit, badge, earned_badge, activity_tally, activity_tally_head to laurel_app;
