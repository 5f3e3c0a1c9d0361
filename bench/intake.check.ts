/** What the intake bench checks before it prints a time: activities there once, sums that agree, no gap. */
import { Client } from 'pg'
import { uuidOf } from '../src/platform/ids.ts'
import type { startPostgres } from '../src/embedded/postgres.ts'

/** Connection settings of the database's owner. */
export type OwnerConfig = ReturnType<Awaited<ReturnType<typeof startPostgres>>['ownerConfig']>

/** Returns what `work` returns, run on a connection of the owner. */
export async function asOwner<T>(config: OwnerConfig, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(config)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/**
 * Returns how long the relay needed to finish, in ms.
 * @throws Error when an activity is missing or double, a sum is off, or a position is missing
 */
export async function checkCorrectness(
  config: OwnerConfig,
  tenantId: string,
  acknowledged: string[],
  progress: (line: string) => void,
): Promise<number> {
  progress('checking every acknowledged activity')
  return asOwner(config, async client => {
    const begun = performance.now()
    while ((await client.query('select 1 from outbox limit 1')).rowCount) {
      if (performance.now() - begun > 60_000) throw new Error('the outbox was not drained within a minute')
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    const drainMs = Math.round(performance.now() - begun)
    const {
      rows: [found],
    } = await client.query<Record<string, string>>(
      `select (select count(*) from activity where tenant_id = $1) as activities,
        (select count(distinct a.id) from unnest($2::uuid[]) as said (id)
          join activity a on a.tenant_id = $1 and a.id = said.id) as acknowledged,
        (select count(*) from point_entry where tenant_id = $1) as entries,
        (select sum(points) from point_entry where tenant_id = $1) as sum,
        (select sum(points) from user_points where tenant_id = $1) as balances,
        (select pos from event_head where tenant_id = $1) as head,
        (select count(*) from event_log where tenant_id = $1) as events,
        (select max(pos) from event_log where tenant_id = $1) as last`,
      [tenantId, acknowledged.map(id => uuidOf('Activity', id))],
    )
    const { activities, entries, sum, balances, head, events, last } = found!
    const wanted = String(acknowledged.length)
    if (found!.acknowledged !== wanted || activities !== wanted || entries !== wanted)
      throw new Error(`${wanted} activities were acknowledged; there are ${JSON.stringify(found)}`)
    if (sum !== balances) throw new Error(`the entries sum to ${sum}, the balances to ${balances}`)
    if (head !== events || head !== last)
      throw new Error(`the event log has ${events} events up to ${last}, its head stands at ${head}`)
    return drainMs
  })
}
