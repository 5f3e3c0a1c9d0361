/**
 * The limit that Laurel is held against: a bare `ws` server that answers the protocol's handshake, then writes the same ready
 * frame to every socket. It executes nothing, checks nobody and keeps no state but the list.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { answerBench } from './live.machine.ts'

const readers = new Map<WebSocket, Duplex>()
const server = createServer()
const wss = new WebSocketServer({ noServer: true, perMessageDeflate: false, handleProtocols: () => 'graphql-transport-ws' })
server.on('upgrade', (request, socket, head) => wss.handleUpgrade(request, socket, head, ws => {
  ws.on('message', (text: Buffer) => {
    const { type } = JSON.parse(text.toString()) as { type: string }
    if (type === 'connection_init') ws.send('{"type":"connection_ack"}')
    else if (type === 'subscribe') readers.set(ws, socket)
  })
  ws.on('close', () => readers.delete(ws)).on('error', () => {})
}))

/** Returns one unmasked text frame (RFC 6455). */
function frameOf(text: string): Buffer {
  const payload = Buffer.from(text)
  const { length } = payload
  if (length < 126) return Buffer.concat([Buffer.from([0x81, length]), payload])
  if (length < 65_536) return Buffer.concat([Buffer.from([0x81, 126, length >> 8, length & 255]), payload])
  const head = Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 0, 0, 0])
  head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}

server.listen(0, '127.0.0.1', 4_096, () => answerBench({
  port: () => (server.address() as AddressInfo).port,
  publish(text: string) {
    const frame = frameOf(text)
    for (const socket of readers.values()) socket.write(frame)
  },
}))
