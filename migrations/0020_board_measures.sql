-- Boards of growth, engagement and averages, boards of the company, and boards that list only their first places.
alter table leaderboard drop constraint leaderboard_metric_check;
alter table leaderboard add constraint leaderboard_metric_check check (metric in ('POINTS', 'GROWTH', 'ENGAGEMENT'));
alter table leaderboard drop constraint leaderboard_subject_check;
alter table leaderboard add constraint leaderboard_subject_check check (subject in ('USER', 'TEAM', 'DEPARTMENT', 'TENANT'));
alter table leaderboard
  add column head_rule text not null default 'SUM' check (head_rule in ('SUM', 'AVERAGE')),
  add column growth_floor bigint not null default 100 check (growth_floor between 1 and 1000000),
  add column list_max integer check (list_max between 1 and 1000000),
  add check (head_rule = 'SUM' or (metric = 'POINTS' and subject in ('TEAM', 'DEPARTMENT'))),
  add check (metric <> 'GROWTH' or period <> 'ALL_TIME');

-- What orders an archived row where that is not its points.
alter table archived_standing add column value bigint, add column is_new boolean;
