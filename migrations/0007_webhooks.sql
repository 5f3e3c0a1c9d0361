-- Webhooks: who is told of which events, every message with its attempts, and the ranks that boards have told.
create table webhook_endpoint (
  tenant_id uuid not null references tenant,
  id uuid not null,
  url text not null check (length(url) between 8 and 2048),
  description text not null default '' check (length(description) <= 500),
  topics text[] not null check (cardinality(topics) between 1 and 50),
  state text not null default 'ACTIVE' check (state in ('ACTIVE', 'PAUSED', 'DISABLED')),
  disabled_reason text check (disabled_reason in ('FAILING', 'BACKLOG')),
  secret text not null,
  previous_secret text, -- signs beside the current one until previous_until
  previous_until timestamptz(3),
  failing_since timestamptz(3), -- the first failure that no success has followed
  created_at timestamptz(3) not null,
  deleted_at timestamptz(3), -- its messages are removed by a job, then the row
  primary key (tenant_id, id),
  check ((state = 'DISABLED') = (disabled_reason is not null)),
  check ((previous_secret is null) = (previous_until is null))
);
call laurel_secure('webhook_endpoint');

-- One fact for one endpoint. seq is given by the one reaction of the tenant, so it orders the messages of a subject.
create table webhook_message (
  tenant_id uuid not null,
  id uuid not null,
  endpoint_id uuid not null,
  seq bigint generated always as identity,
  pos bigint, -- of the event that told the fact; null for a test
  line integer, -- one event may carry many facts
  topic text not null,
  subject text not null,
  payload json not null,
  at timestamptz(3) not null,
  state text not null default 'PENDING' check (state in ('PENDING', 'DELIVERED', 'DEAD')),
  attempts integer not null default 0,
  round_from integer not null default 0, -- attempts before the last replay
  round_began_at timestamptz(3),
  due_at timestamptz(3) not null default now(),
  finished_at timestamptz(3),
  primary key (tenant_id, id),
  foreign key (tenant_id, endpoint_id) references webhook_endpoint,
  unique (tenant_id, endpoint_id, pos, line)
) with (fillfactor = 80);
create index webhook_message_lane on webhook_message (tenant_id, endpoint_id, subject, seq) where state = 'PENDING';
create index webhook_message_dead on webhook_message (tenant_id, endpoint_id, seq) where state = 'DEAD';
create index webhook_message_list on webhook_message (tenant_id, endpoint_id, seq);
call laurel_secure('webhook_message');

-- The delivery log. What a receiver answers beside its status is not kept.
create table webhook_attempt (
  tenant_id uuid not null,
  message_id uuid not null,
  number integer not null,
  at timestamptz(3) not null,
  status integer, -- null when there was no answer
  duration_ms integer not null,
  failure text check (failure in ('STATUS', 'TIMEOUT', 'CONNECTION', 'NAME', 'ADDRESS', 'TLS')),
  primary key (tenant_id, message_id, number),
  foreign key (tenant_id, message_id) references webhook_message on delete cascade
);
call laurel_secure('webhook_attempt');

-- The ranks of a board as leaderboard.rank_changed has told them; they move in the transaction of the event.
create table leaderboard_told (
  tenant_id uuid not null,
  leaderboard_id uuid not null,
  period_start date not null,
  ranks json not null, -- rank by subject id, the first 500 places
  primary key (tenant_id, leaderboard_id),
  foreign key (tenant_id, leaderboard_id) references leaderboard
);
call laurel_secure('leaderboard_told');

grant select, insert, update, delete on webhook_endpoint, webhook_message, leaderboard_told to laurel_app;
grant select, insert on webhook_attempt to laurel_app;
