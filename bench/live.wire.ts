/**
 * A subscriber's end of a socket at little cost: its own upgrade, an RFC 6455 reader over one shared buffer, and pongs, so that
 * a load of ten thousand readers spends hardly more than one read a message.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { inflateRawSync, constants } from 'node:zlib'

const PING = 9
const PONG = 10
const CLOSE = 8
const TAIL = Buffer.from([0, 0, 0xff, 0xff])
const readBuffer = Buffer.allocUnsafe(1 << 20) // Reads are synchronous, so one buffer serves every socket.

/** Where and as whom a wire subscribes. */
export interface WireOptions {
  port: number
  token: string
  id: string
  query: string
  variables: object
  deflate?: boolean
}

/** What a wire tells: each text message, as bytes that live only during the call, and its end. */
export interface WireListener {
  onText(bytes: Buffer): void
  onEnd(reason: string): void
}

/** One graphql-transport-ws connection with one subscription. */
export class Wire {
  readonly #socket: Socket
  readonly #options: WireOptions
  readonly #listener: WireListener
  /** Resolves when the subscription has been asked for. */
  readonly asked: Promise<void>
  #settle: () => void = () => {}
  #isUpgraded = false
  #isAcknowledged = false
  #isOver = false
  #rest: Buffer | null = null

  constructor(options: WireOptions, listener: WireListener) {
    this.#options = options
    this.#listener = listener
    this.asked = new Promise(resolve => { this.#settle = resolve })
    const onread = { buffer: readBuffer, callback: (length: number, buffer: Uint8Array) => {
      this.#take(buffer as Buffer, length)
      return true
    } }
    this.#socket = connect({ host: '127.0.0.1', port: options.port, onread }, () => this.#open())
    this.#socket.on('error', error => this.#end(String(error))).on('close', () => this.#end('closed'))
  }

  #open(): void {
    this.#socket.setNoDelay(true)
    const offer = this.#options.deflate ? ['Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover'] : []
    this.#socket.write(['GET /graphql HTTP/1.1', `Host: 127.0.0.1:${this.#options.port}`,
      'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      'Sec-WebSocket-Protocol: graphql-transport-ws', ...offer, '', ''].join('\r\n'))
  }

  /** Stops reading, as a client that hangs does; the kernel's buffers fill behind it. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.#isOver = true
    this.#settle()
    this.#socket.destroy()
  }

  #end(reason: string): void {
    this.#settle()
    if (this.#isOver) return
    this.#isOver = true
    this.#socket.destroy()
    this.#listener.onEnd(reason)
  }

  #take(chunk: Buffer, length: number): void {
    let bytes = this.#rest ? Buffer.concat([this.#rest, chunk.subarray(0, length)]) : chunk.subarray(0, length)
    this.#rest = null
    if (!this.#isUpgraded) {
      const end = bytes.indexOf('\r\n\r\n')
      if (end < 0) return void (this.#rest = Buffer.from(bytes))
      const head = bytes.toString('latin1', 0, end)
      if (!head.startsWith('HTTP/1.1 101')) return this.#end(head.slice(0, 200))
      this.#isUpgraded = true
      bytes = bytes.subarray(end + 4)
      this.#say({ type: 'connection_init', payload: { authorization: `Bearer ${this.#options.token}` } })
    }
    const left = this.#frames(bytes)
    if (left.length && !this.#isOver) this.#rest = Buffer.from(left)
  }

  /** Takes the whole frames of `bytes`; returns the beginning of the next one. */
  #frames(bytes: Buffer): Buffer {
    let at = 0
    while (bytes.length - at >= 2) {
      let length = bytes[at + 1]! & 127
      let head = 2
      if (length === 126) {
        if (bytes.length - at < 4) break
        length = bytes.readUInt16BE(at + 2)
        head = 4
      } else if (length === 127) {
        if (bytes.length - at < 10) break
        length = Number(bytes.readBigUInt64BE(at + 2))
        head = 10
      }
      if (bytes.length - at < head + length) break
      this.#frame(bytes[at]!, bytes.subarray(at + head, at + head + length))
      at += head + length
    }
    return bytes.subarray(at)
  }

  #frame(first: number, payload: Buffer): void {
    const opcode = first & 15
    if (opcode === PING) this.#write(PONG, payload)
    else if (opcode === CLOSE) {
      const code = payload.length >= 2 ? payload.readUInt16BE(0) : 'no code'
      this.#end(`closed with ${code}: ${payload.subarray(2).toString()}`)
    } else if (opcode === 1) {
      const isDeflated = (first & 0x40) !== 0
      this.#text(isDeflated ? inflateRawSync(Buffer.concat([payload, TAIL]), { finishFlush: constants.Z_SYNC_FLUSH }) : payload)
    }
  }

  #text(text: Buffer): void {
    if (this.#isAcknowledged) {
      if (text.length < 64 && text.includes('"type":"ping"')) this.#say({ type: 'pong' })
      else this.#listener.onText(text)
      return
    }
    const { type } = JSON.parse(text.toString()) as { type: string }
    if (type !== 'connection_ack') return
    this.#isAcknowledged = true
    const { id, query, variables } = this.#options
    this.#say({ id, type: 'subscribe', payload: { query, variables } })
    this.#settle()
  }

  #say(message: object): void {
    this.#write(1, Buffer.from(JSON.stringify(message)))
  }

  /** Writes a masked frame; a mask of zeros is one. */
  #write(opcode: number, payload: Buffer): void {
    const { length } = payload
    const head = length < 126
      ? [0x80 | opcode, 0x80 | length, 0, 0, 0, 0]
      : [0x80 | opcode, 0x80 | 126, length >> 8, length & 255, 0, 0, 0, 0]
    this.#socket.write(Buffer.concat([Buffer.from(head), payload]))
  }
}
