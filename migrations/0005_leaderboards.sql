-- Leaderboards: the questions, and the archived answers, which never change.
create table leaderboard (
  tenant_id uuid not null references tenant,
  id uuid not null,
  name text not null check (length(name) between 1 and 200),
  metric text not null default 'POINTS' check (metric in ('POINTS')),
  subject text not null check (subject in ('USER', 'TEAM', 'DEPARTMENT')),
  scope text not null default 'TENANT' check (scope in ('TENANT', 'CUSTOM')),
  subject_ids uuid[],
  period text not null check (period in ('DAILY', 'WEEKLY', 'MONTHLY', 'ALL_TIME')),
  tie_rule text not null default 'COMPETITION' check (tie_rule in ('COMPETITION', 'DENSE', 'ORDINAL')),
  created_at timestamptz(3) not null default now(),
  archived_from date not null, -- the first period that is archived when it closes
  primary key (tenant_id, id),
  check ((scope = 'CUSTOM') = (subject_ids is not null))
);
call laurel_secure('leaderboard');

create table leaderboard_archive (
  tenant_id uuid not null,
  id uuid not null,
  leaderboard_id uuid not null,
  period_start date not null,
  closed_at timestamptz(3) not null default now(),
  size integer not null,
  primary key (tenant_id, id),
  unique (tenant_id, leaderboard_id, period_start),
  foreign key (tenant_id, leaderboard_id) references leaderboard
);
call laurel_secure('leaderboard_archive');

create table archived_standing (
  tenant_id uuid not null,
  archive_id uuid not null,
  position integer not null,
  rank integer not null,
  subject_id uuid not null,
  points bigint not null,
  seq bigint not null,
  primary key (tenant_id, archive_id, position),
  foreign key (tenant_id, archive_id) references leaderboard_archive
);
create unique index archived_standing_subject on archived_standing (tenant_id, archive_id, subject_id);
call laurel_secure('archived_standing');

grant select, insert, update on leaderboard to laurel_app;
grant select, insert on leaderboard_archive, archived_standing to laurel_app;
