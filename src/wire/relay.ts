/**
 * The relay: drains the outbox, numbers events per tenant without gaps into the event log, and announces them. One leader at a
 * time, by advisory lock on its own session. Draining is the causal cut that `id > last` and `xid < xmin` are not (measured).
 */
import { Client, type ClientConfig } from 'pg'
import { isPlanned, reach } from '../platform/faults.ts'
import { log } from '../platform/log.ts'
import { LIMITS } from '../platform/limits.ts'
import type { Broker } from './broker.ts'
import { eventsChannel, type LogEvent, WAKE_CHANNEL } from './events.ts'
import { countNumbered } from './metrics.ts'

// One statement, one snapshot: everything visible leaves the outbox in id order and gets the next numbers of its tenant.
// Writers insert their outbox row after locking their aggregate, so ids of one aggregate grow in commit order. An event keeps
// the time of its commit; one that waited for more than an hour is dated later, lest it fall into a day that is dropped soon.
const DRAIN = `
with drained as (delete from outbox returning tenant_id, id, topic, payload, at),
numbered as (select *, row_number() over (partition by tenant_id order by id) as place from drained),
heads as (
  update event_head head set pos = head.pos + counted.events
  from (select tenant_id, count(*) as events from drained group by tenant_id) counted
  where counted.tenant_id = head.tenant_id
  returning head.tenant_id, head.epoch, head.pos - counted.events as base)
insert into event_log (tenant_id, pos, mark, topic, payload, at)
select tenant_id, base + place, id, topic, payload, greatest(at, now() - interval '1 hour')
from numbered join heads using (tenant_id)
returning tenant_id as "tenantId", pos, mark, topic, payload, at`

/** What the relay tells the rest of the node. */
export interface RelayListener {
  /** Called when this node begins to lead; catch up here on what an earlier leader left. */
  onLead?(): void
  /** Called after each drain, with what was numbered, in order. */
  onEvents?(tenantId: string, events: LogEvent[]): void
}

/** A running relay. `wake` asks for a drain now; `leads` says whether this node is the leader. */
export interface Relay { wake(): void; leads(): boolean; close(): Promise<void> }

const rest = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))

type Drained = LogEvent & { tenantId: string }

/** Numbers what waits and returns it. One statement is one transaction, except where a fault is planned between the two. */
async function drain(session: Client): Promise<Drained[]> {
  const isSplit = isPlanned('relay.drained')
  if (isSplit) await session.query('begin')
  const { rows } = await session.query<Drained>({ name: 'drain', text: DRAIN })
  if (rows.length) reach('relay.drained')
  if (isSplit) await session.query('commit')
  return rows
}

/** Starts a relay; it takes over within about a second of another leader's session ending. */
export async function startRelay(address: ClientConfig, broker: Broker, listener: RelayListener = {}): Promise<Relay> {
  let open = true
  let leading = false
  let client: Client | null = null
  let signal = () => {}
  let signaled = false
  const wake = () => {
    signaled = true
    signal()
  }
  const pause = (ms: number) => signaled ? Promise.resolve() : new Promise<void>(resolve => {
    const timer = setTimeout(resolve, ms)
    signal = () => {
      clearTimeout(timer)
      resolve()
    }
  })
  const stopListening = await broker.subscribe(WAKE_CHANNEL, wake)

  const lead = async (session: Client) => {
    const { rows } = await session.query(`select pg_try_advisory_lock(hashtext('laurel.relay')) as won`)
    if (!rows[0].won) return
    leading = true
    log.info('this node leads the relay')
    listener.onLead?.()
    while (open) {
      signaled = false
      const drained = await drain(session)
      countNumbered(drained)
      announce(drained, broker, listener)
      await (drained.length ? rest(LIMITS.relayRestMs) : pause(LIMITS.relayPollMs))
    }
  }
  const run = async () => {
    while (open) {
      client = new Client({ ...address, application_name: 'laurel relay' })
      client.on('error', () => {}) // The failing query reports it.
      try {
        await client.connect()
        await client.query('set idle_in_transaction_session_timeout = 0')
        while (open) {
          signaled = false
          await lead(client)
          if (open) await rest(LIMITS.headPollMs / 2)
        }
      } catch (error) {
        if (open) log.warn({ reason: (error as Error).message }, 'the relay lost its connection and tries again')
      }
      leading = false
      await client.end().catch(() => {})
      if (open) await rest(250)
    }
  }
  const running = run()
  return {
    wake, leads: () => leading,
    async close() {
      open = false
      wake()
      await stopListening()
      await running
    },
  }
}

function announce(events: Drained[], broker: Broker, listener: RelayListener): void {
  if (events.length) reach('relay.committed')
  const byTenant = Map.groupBy(events.sort((one, other) => one.pos - other.pos), event => event.tenantId)
  for (const [tenantId, own] of byTenant) {
    listener.onEvents?.(tenantId, own)
    reach('relay.told')
    void broker.publish(eventsChannel(tenantId), String(own.at(-1)!.pos)).then(() => reach('relay.published'))
  }
}
