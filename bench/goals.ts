/** What each figure should be and what it must not miss: ratios over the named baseline, by bench and metric key. */

/** A goal and a floor; `more` says whether a larger figure is better. */
export interface Goal { key: string; what: string; goal: number; floor: number | null; more: boolean; unit?: string }

const atMost = (key: string, what: string, goal: number, floor: number | null, unit?: string): Goal =>
  ({ key, what, goal, floor, more: false, ...unit ? { unit } : {} })
const atLeast = (key: string, what: string, goal: number, floor: number | null, unit?: string): Goal =>
  ({ key, what, goal, floor, more: true, ...unit ? { unit } : {} })

/** Goals by bench. */
export const GOALS: Record<string, Goal[]> = {
  fanout: [
    atMost('cpu_over_floor_1k', 'server CPU a delivery over the raw floor, 1,000 subscribers', 1.15, 1.3),
    atMost('cpu_over_floor_10k', 'server CPU a delivery over the raw floor, 10,000 subscribers', 1.2, 1.5),
    atMost('cpu_over_graphqlws', 'server CPU a delivery over graphql-ws', 0.1, 0.167),
    atMost('cpu_over_mercurius', 'server CPU a delivery over Mercurius', 0.1, 0.167),
    atMost('cpu_over_yoga', 'server CPU a delivery over Yoga', 0.1, 0.167),
    atMost('p99_over_floor_10k', 'p99 of a delivery over the floor\'s, 10,000 subscribers', 1.1, 1.3),
  ],
  idle: [atMost('kb_over_floor_10k', 'memory of an idle subscriber over the floor\'s, 10,000 of them', 1.8, 2.3)],
  stall: [
    atMost('kb_per_stalled_1000_events', 'memory a stalled reader costs after 1,000 events', 5, 10, 'KB'),
    atMost('kb_until_newest', 'what a stalled reader reads until the newest', 64, 64, 'KB'),
  ],
  mixed: [
    atMost('p50_ms', 'p50 of queries and mutations at half of the maximum', 20, 50, 'ms'), atMost('p95_ms', 'p95', 50, 100, 'ms'),
    atMost('p99_ms', 'p99', 100, 250, 'ms'), atMost('error_rate', 'share of failed requests', 0, 0),
    atMost('delta_p99_ms', 'p99 from a mutation due to its delta on a screen', 2_000, 2_000, 'ms'),
  ],
  resume: [
    atLeast('clients', 'clients cut at once and resumed', 10_000, 2_000), atMost('lost', 'messages lost', 0, 0),
    atMost('doubled', 'messages doubled', 0, 0),
  ],
  rank: [
    atLeast('update_over_redis_1m', 'updates with ranks at 1,000,000 entries over Redis with exact ties', 40, 20),
    atMost('growth_10k_1m', 'cost of an update at 1,000,000 entries over 10,000', 2, 3.5),
    atMost('rebuild_over_copy_1m', 'rebuild of a board over COPY of its rows', 2.5, 4),
  ],
  auth: [atMost('cost_over_open', 'a request with identity, policy, audit and row security over one without', 1.15, 1.25)],
  intake: [
    atLeast('batch_over_single_rows', 'rows a second by mutations of 1,000 over single-row inserts', 40, 25),
    atLeast('single_http_over_tpcb', 'activityRecord over HTTP, 16 connections, over pgbench TPC-B', 0.5, 0.25),
  ],
  query: [
    atMost('cpu_over_postgraphile', 'CPU of the dashboard list over PostGraphile', 0.4, 0.6),
    atMost('cpu_over_mercurius_jit', 'CPU of the dashboard list over Mercurius with its compiled executor', 0.8, 1),
  ],
  rules: [
    atMost('growth_60_6000', 'cost of an event with 6,000 rules over 60, five of which read it', 1.5, 2),
  ],
}
