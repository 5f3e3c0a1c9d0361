-- Recognition: points that people give one another from a weekly allowance, what others feel about it, and rings that look like a deal.
create table recognition (
  tenant_id uuid not null,
  id uuid not null,
  giver_id uuid not null,
  receiver_id uuid not null,
  points integer not null check (points between 1 and 100),
  message text not null check (length(message) between 1 and 500),
  given_at timestamptz(3) not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, giver_id) references users,
  foreign key (tenant_id, receiver_id) references users,
  check (giver_id <> receiver_id)
);
create index recognition_giver on recognition (tenant_id, giver_id, id);
create index recognition_receiver on recognition (tenant_id, receiver_id, id);
call laurel_secure('recognition');

-- What a person has given in a local week: the row that their gifts lock. Gifts that are taken back stay spent.
create table recognition_week (
  tenant_id uuid not null,
  user_id uuid not null,
  week date not null,
  given_points integer not null check (given_points >= 0),
  primary key (tenant_id, user_id, week)
) with (fillfactor = 80);
call laurel_secure('recognition_week');

-- The figures of a tenant by the local day from which they hold; of one day the last version counts. Without any the template's hold.
create table recognition_setting (
  tenant_id uuid not null references tenant,
  version integer not null,
  effective_from date not null,
  allowance_points integer not null check (allowance_points between 0 and 10000), -- a person and week
  ring_points integer not null check (ring_points between 1 and 10000), -- each to the next in 28 days
  set_by uuid,
  set_at timestamptz(3) not null,
  primary key (tenant_id, version)
);
call laurel_secure('recognition_setting');

create table recognition_reaction (
  tenant_id uuid not null,
  recognition_id uuid not null,
  user_id uuid not null,
  kind text not null check (kind in ('CLAP', 'HEART', 'PARTY', 'FIRE', 'ROCKET', 'THANKS')),
  reacted_at timestamptz(3) not null,
  primary key (tenant_id, recognition_id, user_id, kind),
  foreign key (tenant_id, recognition_id) references recognition
);
call laurel_secure('recognition_reaction');

-- Rings of reciprocal gifts that somebody shall look at. A ring begins with its smallest id; one ring is open once at a time.
create table recognition_flag (
  tenant_id uuid not null,
  id uuid not null,
  user_ids uuid[] not null check (cardinality(user_ids) between 2 and 3), -- each gave the next, the last the first
  state text not null check (state in ('OPEN', 'CLEARED', 'WITHDRAWN')),
  raised_at timestamptz(3) not null,
  decided_by uuid,
  decided_at timestamptz(3),
  note text,
  primary key (tenant_id, id),
  check ((state = 'OPEN') = (decided_by is null)),
  check ((decided_by is null) = (decided_at is null)),
  check (decided_by <> all (user_ids)) -- Who gave or received decides nothing, whatever the application says.
);
create unique index recognition_flag_open on recognition_flag (tenant_id, user_ids) where state = 'OPEN';
call laurel_secure('recognition_flag');

create table recognition_flag_gift (
  tenant_id uuid not null,
  flag_id uuid not null,
  recognition_id uuid not null,
  primary key (tenant_id, flag_id, recognition_id),
  foreign key (tenant_id, flag_id) references recognition_flag,
  foreign key (tenant_id, recognition_id) references recognition
);
create index recognition_flag_gift_gift on recognition_flag_gift (tenant_id, recognition_id);
call laurel_secure('recognition_flag_gift');

create table recognition_withdrawal (
  tenant_id uuid not null,
  recognition_id uuid not null,
  flag_id uuid not null,
  withdrawn_at timestamptz(3) not null,
  primary key (tenant_id, recognition_id),
  foreign key (tenant_id, recognition_id) references recognition,
  foreign key (tenant_id, flag_id) references recognition_flag
);
call laurel_secure('recognition_withdrawal');

grant select, insert on recognition, recognition_setting, recognition_flag_gift, recognition_withdrawal to laurel_app;
grant select, insert, update on recognition_week, recognition_flag to laurel_app;
grant select, insert, delete on recognition_reaction to laurel_app;
