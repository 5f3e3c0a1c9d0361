-- By what a program or a screen proves who it is. A secret is kept as its SHA-256 only; what finds its tenant before it is known
-- stands in the directory.

create table api_key (
  tenant_id uuid not null references tenant,
  id uuid not null,
  name text not null check (length(name) between 1 and 200),
  prefix text not null,
  hash bytea not null check (length(hash) = 32),
  role text not null,
  scopes text[] not null check (cardinality(scopes) between 1 and 50),
  created_by uuid,
  created_at timestamptz(3) not null,
  expires_at timestamptz(3),
  last_used_at timestamptz(3),
  revoked_at timestamptz(3),
  primary key (tenant_id, id),
  unique (tenant_id, hash)
);
call laurel_secure('api_key');

create table screen_token (
  tenant_id uuid not null references tenant,
  id uuid not null,
  name text not null check (length(name) between 1 and 200),
  prefix text not null,
  hash bytea not null check (length(hash) = 32),
  created_by uuid,
  created_at timestamptz(3) not null,
  expires_at timestamptz(3),
  last_used_at timestamptz(3),
  revoked_at timestamptz(3),
  primary key (tenant_id, id),
  unique (tenant_id, hash)
);
call laurel_secure('screen_token');

-- The boards that a screen may show, in the order in which they were named.
create table screen_board (
  tenant_id uuid not null,
  screen_id uuid not null,
  place integer not null,
  leaderboard_id uuid not null,
  primary key (tenant_id, screen_id, leaderboard_id),
  foreign key (tenant_id, screen_id) references screen_token,
  foreign key (tenant_id, leaderboard_id) references leaderboard
);
call laurel_secure('screen_board');

grant select, insert, update on api_key, screen_token to laurel_app;
grant select, insert on screen_board to laurel_app;
