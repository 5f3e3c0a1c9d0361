/**
 * Reads what a board is rebuilt from: the head of the event log and the sums by subject of what is numbered up to there, all
 * of one instant. The sums come by binary COPY on a session of its own: a million rows as objects would cost five times as much.
 */
import { Client, type ClientConfig } from 'pg'
import { to } from 'pg-copy-streams'
import { LIMITS } from '../platform/limits.ts'
import type { Statement } from '../platform/tenancy.ts'
import { changesOf, type PointChange } from '../points/change.rules.ts'
import { StandingColumns } from '../ranks/columns.rules.ts'

/** Returns the rows of a statement that answers a subject id, points and seq (uuid, int8, int8). */
export function readSums(client: Client, statement: Statement): Promise<StandingColumns> {
  return copyColumns(client, literal(client, statement))
}

/**
 * Returns what `read` finds as the tenant sees it, with the position of the event log, all of one instant; it is told of the
 * changes that wait to be numbered, which it must leave out.
 */
export async function inSnapshot<T>(
  address: ClientConfig, tenantId: string, read: (client: Client, waiting: readonly PointChange[]) => Promise<T>,
): Promise<{ found: T; pos: number }> {
  const client = new Client({ ...address, application_name: 'laurel recount', statement_timeout: LIMITS.recountTimeoutMs })
  client.on('error', () => {}) // The failing query reports it.
  await client.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    await client.query(`select set_config('app.tenant_id', $1, true)`, [tenantId])
    const head = await client.query<{ pos: number }>('select pos from event_head')
    const outbox = await client.query<{ payload: unknown }>('select payload from outbox')
    const waiting = outbox.rows.flatMap(({ payload }) => changesOf(payload))
    return { found: await read(client, waiting), pos: head.rows[0]!.pos }
  } finally {
    await client.end().catch(() => {})
  }
}

/** Returns the rows of a query of (uuid, int8, int8), read by binary COPY. @throws Error when a subject has two rows */
export async function copyColumns(client: Client, select: string): Promise<StandingColumns> {
  const columns = new StandingColumns()
  const parser = new RowParser(columns)
  for await (const chunk of client.query(to(`copy (${select}) to stdout (format binary)`))) parser.take(chunk as Buffer)
  return columns
}

/** COPY takes no parameters: returns the statement with its values written in, each escaped. */
function literal(client: Client, { text, values = [] }: Statement): string {
  const written = values.map(value => {
    if (Array.isArray(value)) return client.escapeLiteral(`{${value.join(',')}}`) // Only lists of uuids and of numbers come here.
    return client.escapeLiteral(value instanceof Date ? value.toISOString() : String(value))
  })
  return text.replaceAll(/\$(\d+)/g, (_, place: string) => written[Number(place) - 1]!)
}

const HEADER_BYTES = 19 // Signature, flags and the length of an extension that nobody sends.
const ROW_BYTES = 2 + 4 + 16 + 4 + 8 + 4 + 8
const TWO_TO_32 = 2 ** 32

/** Reads the binary format of COPY: a header, rows of three fixed fields, and a trailer that is shorter than a row. */
class RowParser {
  readonly #columns: StandingColumns
  #rest: Buffer = Buffer.alloc(0)
  #isBegun = false

  constructor(columns: StandingColumns) {
    this.#columns = columns
  }

  take(chunk: Buffer): void {
    const bytes = this.#rest.length ? Buffer.concat([this.#rest, chunk]) : chunk
    let at = 0
    if (!this.#isBegun) {
      if (bytes.length < HEADER_BYTES) {
        this.#rest = bytes
        return
      }
      at = HEADER_BYTES
      this.#isBegun = true
    }
    for (; at + ROW_BYTES <= bytes.length; at += ROW_BYTES) this.#row(bytes, at)
    this.#rest = bytes.subarray(at)
  }

  #row(bytes: Buffer, at: number): void {
    const points = bytes.readInt32BE(at + 26) * TWO_TO_32 + bytes.readUInt32BE(at + 30)
    const seq = bytes.readInt32BE(at + 38) * TWO_TO_32 + bytes.readUInt32BE(at + 42)
    const word = (place: number) => bytes.readInt32BE(at + 6 + place * 4)
    this.#columns.push(word(0), word(1), word(2), word(3), points, seq)
  }
}
