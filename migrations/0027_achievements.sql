-- Achievements: what can be reached, by a rule each; what it brings, with its life from granted to fulfilled; caps of budgets.
create table achievement_category (
  tenant_id uuid not null references tenant,
  id uuid not null,
  platform text not null,
  key text not null check (key ~ '^[a-z][a-z0-9_]{0,63}$'),
  name text not null check (length(name) between 1 and 200),
  description text not null default '',
  icon text not null default '',
  sort_order integer not null default 0,
  primary key (tenant_id, id),
  unique (tenant_id, platform, key)
);
call laurel_secure('achievement_category');

create table achievement (
  tenant_id uuid not null references tenant,
  id uuid not null,
  key text not null, -- of its rule
  platform text not null,
  category_id uuid,
  name text not null check (length(name) between 1 and 200),
  description text not null default '',
  type text not null check (type in ('MILESTONE', 'PERFORMANCE', 'SOCIAL', 'CUSTOM')),
  difficulty integer not null default 1 check (difficulty between 1 and 5),
  secret boolean not null default false,
  sort_order integer not null default 0,
  status text not null default 'DRAFT' check (status in ('DRAFT', 'ACTIVE', 'RETIRED')),
  subject text not null check (subject in ('USER', 'TEAM', 'TENANT')),
  rewards jsonb not null default '[]',
  predefined boolean not null default false,
  gap text, -- why its rule says less than its name
  created_at timestamptz(3) not null,
  primary key (tenant_id, id),
  unique (tenant_id, key),
  foreign key (tenant_id, category_id) references achievement_category
);
create index achievement_order on achievement (tenant_id, platform, sort_order, key);
call laurel_secure('achievement');

-- What an unlock brings besides points (A-09): granted by the unlock, then approved and fulfilled by people.
create table achievement_reward (
  tenant_id uuid not null,
  id uuid not null,
  unlock_id uuid not null,
  achievement_id uuid not null,
  place integer not null, -- in the list of rewards of then
  times integer not null,
  kind text not null check (kind in ('BADGE', 'DISCOUNT', 'PERK', 'BUDGET', 'ENTITLEMENT')),
  text text not null,
  percent numeric(5, 2),
  amount_minor bigint,
  currency char(3),
  subject_kind text not null,
  subject_id uuid not null,
  state text not null check (state in ('GRANTED', 'APPROVED', 'FULFILLED', 'EXPIRED', 'REVOKED')),
  granted_at timestamptz(3) not null,
  expires_at timestamptz(3),
  approved_by uuid,
  approved_at timestamptz(3),
  fulfilled_by uuid,
  fulfilled_at timestamptz(3),
  primary key (tenant_id, id),
  unique (tenant_id, unlock_id, times, place),
  check ((amount_minor is null) = (currency is null))
);
create index achievement_reward_subject on achievement_reward (tenant_id, subject_kind, subject_id, id);
create index achievement_reward_open on achievement_reward (tenant_id, state, id) where state in ('GRANTED', 'APPROVED');
create index achievement_reward_spent on achievement_reward (tenant_id, currency, approved_at) where approved_at is not null;
call laurel_secure('achievement_reward');

-- What may be approved of rewards with an amount, in a currency and a period; without a row there is no cap.
create table reward_budget (
  tenant_id uuid not null references tenant,
  currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
  period text not null check (period in ('MONTH', 'QUARTER', 'YEAR')),
  cap_minor bigint not null check (cap_minor >= 0),
  primary key (tenant_id, currency, period)
);
call laurel_secure('reward_budget');

grant select, insert, update on achievement_category, achievement, achievement_reward, reward_budget to laurel_app;
