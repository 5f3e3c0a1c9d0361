-- Listings: how people appear on boards of people. leaderboard_id of zeros is for all boards; that row alone has the pseudonym.
-- Rows stay when a choice is withdrawn: revision, added up, names a state of all listings.
create table listing (
  tenant_id uuid not null,
  user_id uuid not null,
  leaderboard_id uuid not null,
  choice text not null default 'DEFAULT' check (choice in ('DEFAULT', 'LISTED', 'HIDDEN')),
  is_set_by_admin boolean not null default false,
  alias_id uuid, -- stands for the person where their name does not
  pseudonym text check (length(pseudonym) between 2 and 50),
  revision integer not null default 1,
  primary key (tenant_id, user_id, leaderboard_id),
  foreign key (tenant_id, user_id) references users,
  check ((leaderboard_id = '00000000-0000-0000-0000-000000000000') = (alias_id is not null)),
  check (pseudonym is null or alias_id is not null)
);
create unique index listing_pseudonym on listing (tenant_id, lower(pseudonym)) where pseudonym is not null;
call laurel_secure('listing');
grant select, insert, update on listing to laurel_app;

alter table leaderboard add column visibility text not null default 'PUBLIC'
  check (visibility in ('PUBLIC', 'PRIVATE', 'OPT_IN'));
-- Which state of the listings the told ranks belong to: who appears and disappears is nobody's news.
alter table leaderboard_told add column listing_version bigint not null default 0;
