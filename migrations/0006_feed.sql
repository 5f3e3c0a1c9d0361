-- The feed's memory beyond the event log: items as they were derived from events, newest by pos.
create table feed_item (
  tenant_id uuid not null,
  pos bigint not null,
  line integer not null, -- one event may carry several items
  kind text not null,
  at timestamptz(3) not null,
  user_id uuid,
  team_id uuid,
  facts json not null,
  primary key (tenant_id, pos, line)
);
create index feed_item_user on feed_item (tenant_id, user_id, pos desc, line desc);
create index feed_item_team on feed_item (tenant_id, team_id, pos desc, line desc);
call laurel_secure('feed_item');
grant select, insert on feed_item to laurel_app;
