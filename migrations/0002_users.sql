-- People: users, departments, teams and dated team memberships (A-64, A-66).
create table department (
  tenant_id uuid not null references tenant,
  id uuid not null,
  name text not null check (length(name) between 1 and 200),
  head_id uuid,
  primary key (tenant_id, id),
  unique (tenant_id, name)
);
call laurel_secure('department');

create table team (
  tenant_id uuid not null references tenant,
  id uuid not null,
  name text not null check (length(name) between 1 and 200),
  department_id uuid,
  lead_id uuid,
  primary key (tenant_id, id),
  unique (tenant_id, name),
  foreign key (tenant_id, department_id) references department
);
call laurel_secure('team');

create table users (
  tenant_id uuid not null references tenant,
  id uuid not null,
  name text not null check (length(name) between 1 and 200),
  email text not null check (email = lower(email) and email like '%_@_%'),
  role text not null check (role in ('VIEWER', 'MEMBER', 'PARTNER', 'MANAGER', 'FINANCE', 'COMPLIANCE', 'ADMIN')),
  kind text not null default 'EMPLOYEE' check (kind in ('EMPLOYEE', 'PARTNER', 'CLIENT')),
  manager_id uuid,
  created_at timestamptz(3) not null default now(),
  deactivated_at timestamptz(3),
  primary key (tenant_id, id),
  unique (tenant_id, email),
  foreign key (tenant_id, manager_id) references users,
  check (manager_id <> id)
);
call laurel_secure('users');
alter table team add foreign key (tenant_id, lead_id) references users;
alter table department add foreign key (tenant_id, head_id) references users;

-- One primary team at a time counts for points, at the event's time; other teams are for views.
create extension if not exists btree_gist;
create table team_membership (
  tenant_id uuid not null references tenant,
  id uuid not null,
  user_id uuid not null,
  team_id uuid not null,
  is_primary boolean not null,
  starts_at timestamptz(3) not null,
  ends_at timestamptz(3),
  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users,
  foreign key (tenant_id, team_id) references team,
  check (ends_at is null or ends_at > starts_at),
  constraint one_primary_team exclude using gist (tenant_id with =, user_id with =, tstzrange(starts_at, ends_at) with &&) where (is_primary)
);
create index team_membership_user on team_membership (tenant_id, user_id);
create index team_membership_team on team_membership (tenant_id, team_id);
call laurel_secure('team_membership');

grant select, insert, update on department, team, users, team_membership to laurel_app;
