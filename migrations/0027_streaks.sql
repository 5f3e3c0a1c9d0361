-- Streaks are read from activities; kept are the zones people count their days in, by date, and the freezes they were granted.
create table streak_zone (
  tenant_id uuid not null,
  user_id uuid not null,
  starts_at timestamptz(3) not null, -- activities that occurred from then on
  time_zone text not null,
  primary key (tenant_id, user_id, starts_at),
  foreign key (tenant_id, user_id) references users
);
call laurel_secure('streak_zone');

create table streak_preference (
  tenant_id uuid not null,
  user_id uuid not null,
  is_off boolean not null,
  primary key (tenant_id, user_id),
  foreign key (tenant_id, user_id) references users
);
call laurel_secure('streak_preference');

create table streak_freeze (
  tenant_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  reason text not null check (length(reason) <= 500),
  granted_by uuid,
  granted_at timestamptz(3) not null,
  withdrawn_at timestamptz(3),
  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users
);
create index streak_freeze_user on streak_freeze (tenant_id, user_id, granted_at);
call laurel_secure('streak_freeze');

grant select, insert on streak_zone to laurel_app;
grant select, insert, update on streak_preference, streak_freeze to laurel_app;
