/** Laurel's rows as the peers of the query bench see them: views of one tenant, each in the form that suits the peer best. */

/** Returns the SQL that makes them, for one tenant whose people rank by their points. */
export function peerViews(tenantId: string): string {
  return `
create schema dash;
create view dash.people as select id, name from users where tenant_id = '${tenantId}';
create view dash.points as select user_id as id, points from user_points where tenant_id = '${tenantId}';
create view dash.ranks as
  select user_id as id, rank() over (order by points desc)::int as rank from user_points where tenant_id = '${tenantId}';
create view dash.user_levels as
  select u.user_id as id, l.number, l.title from user_level u join level l on l.tenant_id = u.tenant_id and l.number = u.number
  where u.tenant_id = '${tenantId}';
create view dash.user_teams as
  select m.user_id, t.id, t.name from team_membership m join team t on t.tenant_id = m.tenant_id and t.id = m.team_id
  where m.tenant_id = '${tenantId}' and m.is_primary and m.starts_at <= now() and (m.ends_at is null or m.ends_at > now());
create view dash.joined as
  select p.id, p.name, b.points, r.rank, l.number as level_number, l.title as level_title, t.id as team_id, t.name as team_name
  from dash.people p left join dash.points b on b.id = p.id left join dash.ranks r on r.id = p.id
    left join dash.user_levels l on l.id = p.id left join dash.user_teams t on t.user_id = p.id;

-- PostGraphile reads a schema: the same, with the relations named that a view cannot have.
create schema dash_graph;
create view dash_graph.team as select id, name from team where tenant_id = '${tenantId}';
comment on view dash_graph.team is E'@primaryKey id';
create view dash_graph.level as select number, title from level where tenant_id = '${tenantId}';
comment on view dash_graph.level is E'@primaryKey number';
create view dash_graph.person as select id, name, points, rank, team_id, level_number from dash.joined;
comment on view dash_graph.person is E'@primaryKey id
@foreignKey (team_id) references dash_graph.team (id)
@foreignKey (level_number) references dash_graph.level (number)';`
}
