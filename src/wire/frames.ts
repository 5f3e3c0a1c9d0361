/** Ready-made messages: a result is serialized once, framed once, and only the operation id differs from socket to socket. */

const HEAD = Buffer.from('{"id":"')
const MIDDLE = Buffer.from('","type":"next","payload":')
const TAIL = Buffer.from('}')
const SHARED_IDS_MAX = 8

/** One result, serialized, in the shapes that the transports send. */
export class Payload {
  /** The result as JSON. */
  readonly json: Buffer
  readonly #templates = new Map<number, { frame: Buffer; at: number }>()
  readonly #shared = new Map<string, Buffer>()
  #event: Buffer | null = null

  constructor(json: string) {
    this.json = Buffer.from(json)
  }

  /** Returns the WebSocket frame of a `next` message for this operation; frames of ids that many sockets use are made once. */
  frameFor(id: string): Buffer {
    const shared = this.#shared.get(id)
    if (shared) return shared
    const plain = JSON.stringify(id).length === id.length + 2
    const written = plain ? id : JSON.stringify(id).slice(1, -1)
    const bytes = Buffer.byteLength(written)
    let template = this.#templates.get(bytes)
    if (!template) this.#templates.set(bytes, (template = makeTemplate(this.json, bytes)))
    const frame = Buffer.from(template.frame) // A copy: the bytes of an earlier write may still be on their way.
    frame.write(written, template.at)
    if (bytes <= 4 && this.#shared.size < SHARED_IDS_MAX) this.#shared.set(id, frame)
    return frame
  }

  /** Returns the server-sent event of a `next` message (graphql-sse, distinct connections). */
  get event(): Buffer {
    return this.#event ??= Buffer.concat([Buffer.from('event: next\ndata: '), this.json, Buffer.from('\n\n')])
  }
}

/** Returns a whole text frame with room for an id of so many bytes, and where that is (RFC 6455, server to client: unmasked, unfragmented). */
function makeTemplate(json: Buffer, idBytes: number): { frame: Buffer; at: number } {
  const length = HEAD.length + idBytes + MIDDLE.length + json.length + TAIL.length
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.alloc(head + length)
  frame[0] = 0x81
  if (head === 2) frame[1] = length
  else if (head === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  const at = head + HEAD.copy(frame, head)
  const after = at + idBytes
  MIDDLE.copy(frame, after)
  json.copy(frame, after + MIDDLE.length)
  TAIL.copy(frame, after + MIDDLE.length + json.length)
  return { frame, at }
}
