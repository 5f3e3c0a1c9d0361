/**
 * Ready-made messages: a result is serialized once, compressed once where clients wish it, framed once, and only the operation id
 * differs from socket to socket.
 */
import type { Duplex } from 'node:stream'
import { constants, deflateRawSync } from 'node:zlib'

const HEAD = '{"id":"'
const MIDDLE = '","type":"next","payload":'
const TAIL = '}'
const DEFLATED_HEAD = '{"type":"next","payload":'
const DEFLATED_MIDDLE = ',"id":"'
const DEFLATED_TAIL = '"}'
const FIN_TEXT = 0x81
const FIN_TEXT_DEFLATED = 0xc1
const DEFLATED_BYTES_MIN = 256 // What is shorter gains nothing.
const DEFLATED_ID_MAX = 60_000 // The id lies in a stored block, which holds 65,535 bytes.

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
  #deflated: Buffer | null = null
  #event: Buffer | null = null

  constructor(json: string) {
    this.json = Buffer.from(json)
  }

  /**
   * Writes the `next` message of an operation to a socket as one text frame, compressed where `deflates` says that it may be;
   * `id` is as `writtenId` returned it. Returns how many bytes that took. Operations whose ids are equally long take turns in
   * one buffer.
   */
  writeTo(socket: Duplex, id: string, deflates = false): number {
    const key = deflates ? -1 - id.length : id.length
    let template = this.#templates.get(key)
    if (!template) this.#templates.set(key, (template = this.#templateFor(id.length, deflates)))
    const { frame, at } = template
    frame.write(id, at, 'latin1')
    socket.write(frame)
    // What the kernel has not taken yet keeps this buffer; whoever is next gets another.
    if (socket.writableLength > 0) template.frame = Buffer.from(frame)
    return frame.length
  }

  #templateFor(idBytes: number, deflates: boolean): Template {
    if (!deflates || this.json.length < DEFLATED_BYTES_MIN || idBytes > DEFLATED_ID_MAX) return plainTemplate(this.json, idBytes)
    const text = Buffer.concat([Buffer.from(DEFLATED_HEAD), this.json])
    this.#deflated ??= deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH })
    return deflatedTemplate(this.#deflated, idBytes)
  }

  /** Returns the server-sent event of a `next` message (graphql-sse, distinct connections). */
  get event(): Buffer {
    return this.#event ??= Buffer.concat([Buffer.from('event: next\ndata: '), this.json, Buffer.from('\n\n')])
  }
}

function plainTemplate(json: Buffer, idBytes: number): Template {
  return templateOf(FIN_TEXT, [Buffer.from(HEAD)], idBytes, [Buffer.from(MIDDLE), json, Buffer.from(TAIL)])
}

/**
 * The compressed bytes end on a byte's edge (Z_SYNC_FLUSH), so a stored block with the id may follow as it is. The last byte
 * begins the empty block whose other four bytes a reader of permessage-deflate adds (RFC 7692 §7.2.1, RFC 1951 §3.2.4).
 */
function deflatedTemplate(deflated: Buffer, idBytes: number): Template {
  const length = DEFLATED_MIDDLE.length + idBytes + DEFLATED_TAIL.length
  const block = Buffer.from([0, length & 0xff, length >> 8, ~length & 0xff, ~length >> 8 & 0xff])
  const after = [Buffer.from(DEFLATED_TAIL), Buffer.from([0])]
  return templateOf(FIN_TEXT_DEFLATED, [deflated, block, Buffer.from(DEFLATED_MIDDLE)], idBytes, after)
}

function templateOf(first: number, before: Buffer[], idBytes: number, after: Buffer[]): Template {
  const content = [...before, Buffer.alloc(idBytes), ...after]
  const head = frameHead(first, content.reduce((sum, { length }) => sum + length, 0))
  return { frame: Buffer.concat([head, ...content]), at: before.reduce((sum, { length }) => sum + length, head.length) }
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
