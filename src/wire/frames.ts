/** Ready-made messages: a result is serialized once, framed once, and only the operation id differs from socket to socket. */
import type { Duplex } from 'node:stream'

const HEAD = '{"id":"'
const MIDDLE = '","type":"next","payload":'
const TAIL = '}'
const FIN_TEXT = 0x81

/** A whole frame with room for an id, and where that is. */
interface Template { frame: Buffer; at: number }

/** Returns an operation id as messages carry it: escaped for JSON in ASCII, so that it has as many bytes as characters. */
export function writtenId(id: string): string {
  if (/^[\w-]*$/.test(id)) return id
  const escaped = JSON.stringify(id).slice(1, -1)
  return escaped.replaceAll(/[^\x20-\x7e]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** One result, serialized, in the shapes that the transports send. */
export class Payload {
  /** The result as JSON. */
  readonly json: Buffer
  readonly #templates = new Map<number, Template>()
  #event: Buffer | null = null

  constructor(json: string) {
    this.json = Buffer.from(json)
  }

  /**
   * Writes the `next` message of an operation to a socket as one text frame; `id` is as `writtenId` returned it. Returns how many
   * bytes that took. Operations whose ids are equally long take turns in one buffer.
   */
  writeTo(socket: Duplex, id: string): number {
    let template = this.#templates.get(id.length)
    if (!template) this.#templates.set(id.length, (template = templateOf(this.json, id.length)))
    const { frame, at } = template
    frame.write(id, at, 'latin1')
    socket.write(frame)
    // What the kernel has not taken yet keeps this buffer; whoever is next gets another.
    if (socket.writableLength > 0) template.frame = Buffer.from(frame)
    return frame.length
  }

  /** Returns the server-sent event of a `next` message (graphql-sse, distinct connections). */
  get event(): Buffer {
    return this.#event ??= Buffer.concat([Buffer.from('event: next\ndata: '), this.json, Buffer.from('\n\n')])
  }
}

function templateOf(json: Buffer, idBytes: number): Template {
  const head = frameHead(FIN_TEXT, HEAD.length + idBytes + MIDDLE.length + json.length + TAIL.length)
  const before = Buffer.concat([head, Buffer.from(HEAD)])
  const after = [Buffer.alloc(idBytes), Buffer.from(MIDDLE), json, Buffer.from(TAIL)]
  return { frame: Buffer.concat([before, ...after]), at: before.length }
}

/** Returns the header of a frame from server to client: unmasked, unfragmented (RFC 6455 §5.2). */
function frameHead(first: number, length: number): Buffer {
  if (length < 126) return Buffer.from([first, length])
  if (length < 65_536) return Buffer.from([first, 126, length >> 8, length & 0xff])
  const head = Buffer.alloc(10)
  head[0] = first
  head[1] = 127
  head.writeBigUInt64BE(BigInt(length), 2)
  return head
}
