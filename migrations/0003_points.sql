-- The point ledger: entries are only ever added; user_points holds their sum and is the row a writer locks.
create table user_points (
  tenant_id uuid not null,
  user_id uuid not null,
  points bigint not null default 0,
  last_seq bigint not null default 0,
  primary key (tenant_id, user_id),
  foreign key (tenant_id, user_id) references users
) with (fillfactor = 70);
call laurel_secure('user_points');

-- seq is taken under the lock of the user's user_points row, so it grows in commit order for each user.
-- day, week and month are the local periods an entry counts in; a late one counts in the open period and says so.
create sequence point_entry_seq;
create table point_entry (
  tenant_id uuid not null,
  user_id uuid not null,
  seq bigint not null,
  id uuid not null,
  activity_id uuid,
  points bigint not null,
  reason text not null check (reason in ('ACTIVITY', 'REVERSAL')),
  is_correction boolean not null default false,
  team_id uuid,
  department_id uuid,
  day date not null,
  week date not null,
  month date not null,
  recorded_at timestamptz(3) not null default now(),
  primary key (tenant_id, user_id, seq, recorded_at)
) partition by range (recorded_at);
create index point_entry_recorded on point_entry using brin (recorded_at);
call laurel_secure('point_entry');
call laurel_partition('point_entry', 'default', null, null);

create table level (
  tenant_id uuid not null references tenant,
  id uuid not null,
  number integer not null check (number between 1 and 100),
  key text not null,
  title text not null,
  threshold bigint not null check (threshold >= 0),
  badge text not null,
  benefits text[] not null default '{}',
  multiplier_bp integer not null default 10000,
  primary key (tenant_id, id),
  unique (tenant_id, number),
  unique (tenant_id, threshold)
);
call laurel_secure('level');

create table user_level (
  tenant_id uuid not null,
  user_id uuid not null,
  number integer not null,
  changed_at timestamptz(3) not null,
  primary key (tenant_id, user_id),
  foreign key (tenant_id, user_id) references users
);
call laurel_secure('user_level');

grant select, insert, update on user_points, user_level to laurel_app;
grant select, insert on point_entry to laurel_app;
grant select, insert, update, delete on level to laurel_app;
grant usage on sequence point_entry_seq to laurel_app;
