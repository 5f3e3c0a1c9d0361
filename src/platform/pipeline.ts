/**
 * Statements sent together: one write, one Sync, one answer. pg's own pipelining writes and synchronizes each statement
 * by itself,
 * which for a command of fifteen statements costs more than the statements (measured: bench/intake). After a failure the server
 * skips the rest, COMMIT included.
 */
import { connect } from 'node:net'
import { type Connection, type PoolClient, type QueryResultRow, type Submittable, types } from 'pg'

/** One SQL statement; a name makes it a prepared statement of its connection, planned once whatever its values. */
export interface Statement { name?: string; text: string; values?: unknown[] }

/** Returns the rows of each statement. @throws the first failing statement's error */
export function sendTogether(client: PoolClient, statements: readonly Statement[]): Promise<QueryResultRow[][]> {
  return new Promise((resolve, reject) => client.query(new Pipeline(statements, resolve, reject)))
}

type Encoded = string | Buffer | null

interface Columns { names: string[]; parsers: ((text: string) => unknown)[] }

/** A statement that its connection has prepared; its columns need not be asked for again. */
interface Prepared { text: string; columns: Columns | null }

const preparedOn = new WeakMap<Connection, Map<string, Prepared>>()

/** The messages that pg's client passes on; it calls these methods by name, as it does those of its own queries. */
class Pipeline implements Submittable {
  readonly #statements: readonly Statement[]
  readonly #values: Encoded[][]
  readonly #resolve: (rows: QueryResultRow[][]) => void
  readonly #reject: (error: Error) => void
  readonly #answers: QueryResultRow[][] = []
  #prepared = new Map<string, Prepared>()
  #columns: Columns | null | undefined // undefined: of a statement that is not prepared yet
  #rows: QueryResultRow[] = []
  #broken: Error | null = null

  constructor(statements: readonly Statement[], resolve: (rows: QueryResultRow[][]) => void, reject: (error: Error) => void) {
    this.#statements = statements
    this.#values = statements.map(({ values }) => values ? values.map(encode) : [])
    this.#resolve = resolve
    this.#reject = reject
  }

  submit(connection: Connection): Error | null {
    const prepared = preparedOn.get(connection) ?? new Map<string, Prepared>()
    preparedOn.set(connection, (this.#prepared = prepared))
    const reused = this.#statements.find(({ name, text }) => name && prepared.has(name) && prepared.get(name)!.text !== text)
    if (reused) return new Error(`the statement name ${reused.name} stands for two texts`)
    const wire = connection as unknown as Wire
    connection.stream.cork()
    for (const [at, { name = '', text }] of this.#statements.entries()) {
      const isKnown = prepared.has(name)
      if (!isKnown) {
        // Closing what is not there is no error: a failure may have left the name prepared.
        if (name) wire.close({ type: 'S', name })
        wire.parse({ name, text })
      }
      wire.bind({ statement: name, values: this.#values[at]! })
      if (!isKnown) wire.describe({ type: 'P' })
      wire.execute({})
    }
    connection.sync()
    connection.stream.uncork()
    this.#begin()
    return null
  }

  #begin(): void {
    this.#rows = []
    this.#columns = this.#prepared.get(this.#statements[this.#answers.length]?.name ?? '')?.columns
  }

  handleRowDescription({ fields }: { fields: { name: string; dataTypeID: number }[] }): void {
    this.#columns = {
      names: fields.map(({ name }) => name),
      parsers: fields.map(({ dataTypeID }) => types.getTypeParser(dataTypeID, 'text')),
    }
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    if (this.#broken) return
    try {
      const { names, parsers } = this.#columns!
      const row: QueryResultRow = {}
      for (let at = 0; at < fields.length; at++) row[names[at]!] = fields[at] === null ? null : parsers[at]!(fields[at]!)
      this.#rows.push(row)
    } catch (error) {
      this.#broken = error as Error
    }
  }

  handleCommandComplete(): void {
    const { name, text } = this.#statements[this.#answers.length]!
    if (name) this.#prepared.set(name, { text, columns: this.#columns ?? null })
    this.#answers.push(this.#rows)
    this.#begin()
  }

  handleReadyForQuery(): void {
    if (this.#broken) this.#reject(this.#broken)
    else this.#resolve(this.#answers)
  }

  handleError(error: Error): void {
    // Whether the failing statement is still prepared, and with which columns, is not known: it is prepared anew.
    const name = this.#statements[this.#answers.length]?.name
    if (name) this.#prepared.delete(name)
    Error.captureStackTrace(error)
    this.#reject(error)
  }
}

/** What pg's connection does; its published types describe an older one. */
interface Wire {
  close(message: { type: 'S'; name: string }): void
  parse(message: { name: string; text: string }): void
  bind(message: { statement: string; values: Encoded[] }): void
  describe(message: { type: 'P' }): void
  execute(message: object): void
}

/** Returns a value as PostgreSQL reads it from text; bytes stay bytes. */
function encode(value: unknown): Encoded {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return arrayText(value)
  if (Buffer.isBuffer(value)) return value
  return value instanceof Date ? value.toISOString() : JSON.stringify(value)
}

const PLAIN = /^[\w:.+-]+$/

function arrayText(values: readonly unknown[]): string {
  const texts = new Array<string>(values.length)
  for (let at = 0; at < values.length; at++) {
    // Columns of a batch repeat themselves.
    texts[at] = at && values[at] === values[at - 1] ? texts[at - 1]! : elementText(values[at])
  }
  return `{${texts.join(',')}}`
}

function elementText(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  if (Array.isArray(value)) return arrayText(value)
  if (Buffer.isBuffer(value)) return `"\\\\x${value.toString('hex')}"`
  if (typeof value === 'number') return String(value)
  const text = encode(value) as string
  const isPlain = PLAIN.test(text) && !(text.length === 4 && text.toUpperCase() === 'NULL')
  return isPlain ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`
}

const CANCEL_CODE = 80_877_102 // CancelRequest of PostgreSQL's protocol.
const CANCEL_MS = 2_000

/** What pg knows of a connection, beyond its published types. */
interface Backend { host: string; port: number; processID: number | null; secretKey: number | null }

/**
 * Has the statement that `client` is running cancelled once the signal aborts. Call what is returned before the client is given
 * back: from then on nothing is cancelled, and a cancel that was on its way has arrived.
 */
export function cancelOn(signal: AbortSignal, client: PoolClient): () => Promise<void> | void {
  let arrived: Promise<void> | null = null
  const cancel = () => { arrived = sendCancel(client as unknown as Backend) }
  signal.addEventListener('abort', cancel, { once: true })
  if (signal.aborted) cancel()
  return () => {
    signal.removeEventListener('abort', cancel)
    if (arrived) return arrived
  }
}

/** Resolves when the server has closed the line, which it does after it has told its process. */
function sendCancel({ host, port, processID, secretKey }: Backend): Promise<void> {
  return new Promise(resolve => {
    if (!processID || !secretKey) return resolve()
    const packet = Buffer.alloc(16)
    for (const [at, value] of [16, CANCEL_CODE, processID, secretKey].entries()) packet.writeInt32BE(value | 0, at * 4)
    const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
    socket.setTimeout(CANCEL_MS, () => socket.destroy())
    // What cannot be cancelled ends by its own time limit.
    socket.on('error', () => {}).on('close', () => resolve()).resume()
    socket.end(packet)
  })
}
