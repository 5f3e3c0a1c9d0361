-- Sources: systems that send facts by signed hooks, how their JSON becomes facts, and a log of what came.
create table hook_source (
  tenant_id uuid not null references tenant,
  id uuid not null,
  name text not null check (name ~ '^[a-z][a-z0-9_-]{1,31}$'), -- the source of its facts
  kind text not null check (kind in ('BILLING', 'CRM', 'OTHER')),
  state text not null default 'ACTIVE' check (state in ('ACTIVE', 'PAUSED')),
  secret text not null,
  previous_secret text, -- good beside the current one until previous_until
  previous_until timestamptz(3),
  mapping json not null,
  mapping_version integer not null default 1,
  created_at timestamptz(3) not null,
  primary key (tenant_id, id),
  unique (tenant_id, name),
  check ((previous_secret is null) = (previous_until is null))
);
call laurel_secure('hook_source');

-- The log: one row for each message that was carried out, and for refusals. Bodies are not kept.
create table hook_message (
  tenant_id uuid not null,
  id uuid not null,
  source_id uuid not null,
  message_id text not null,
  received_at timestamptz(3) not null,
  outcome text not null check (outcome in ('ACCEPTED', 'IGNORED', 'REFUSED')),
  body_bytes integer not null,
  mapping_version integer not null,
  recorded integer not null, -- facts that were new
  repeated integer not null, -- facts that were there already
  refusals json not null, -- [[place, code, field, message]]
  primary key (tenant_id, id),
  foreign key (tenant_id, source_id) references hook_source on delete cascade
);
create unique index hook_message_once on hook_message (tenant_id, source_id, message_id) where outcome <> 'REFUSED';
create index hook_message_list on hook_message (tenant_id, source_id, id);
call laurel_secure('hook_message');

-- People by the ids that a source knows them by.
create table hook_person (
  tenant_id uuid not null,
  source_id uuid not null,
  external_id text not null,
  user_id uuid not null,
  primary key (tenant_id, source_id, external_id),
  foreign key (tenant_id, source_id) references hook_source on delete cascade,
  foreign key (tenant_id, user_id) references users
);
call laurel_secure('hook_person');

grant select, insert, update, delete on hook_source, hook_person to laurel_app;
grant select, insert, delete on hook_message to laurel_app;
