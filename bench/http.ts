/** A lean HTTP/1.1 client for load: one kept-alive socket, one request at a time, answers with a content-length. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const HEAD_END = Buffer.from('\r\n\r\n')

/** One connection; `post` must not be called again before it has answered. */
export interface Connection {
  /** Returns the body of the answer. @throws Error when the connection breaks or the status is not 200 */
  post(body: Buffer): Promise<Buffer>
  close(): void
}

/** Returns a connection that posts JSON to a URL with a bearer token; one that the server closed meanwhile is opened anew. */
export async function connectTo(url: string, token: string): Promise<Connection> {
  const { hostname, port, host, pathname } = new URL(url)
  const dial = async () => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    await once(socket, 'connect')
    return { socket, ...speakOver(socket, head) }
  }
  const lines = [`POST ${pathname} HTTP/1.1`, `host: ${host}`, `authorization: Bearer ${token}`, 'content-type: application/json']
  const head = `${lines.join('\r\n')}\r\ncontent-length: `
  let line = await dial()
  return {
    async post(body) {
      if (line.socket.readyState !== 'open') line = await dial()
      return line.post(body)
    },
    close: () => line.close(),
  }
}

function speakOver(socket: Socket, head: string): Connection {
  let waiting: { resolve(body: Buffer): void; reject(error: Error): void } | null = null
  let parts: Buffer[] = []
  let size = 0
  let bodyStart = -1
  let wanted = Infinity
  const fail = (error: Error): void => {
    waiting?.reject(error)
    waiting = null
  }
  socket.on('data', part => {
    parts.push(part)
    size += part.length
    if (bodyStart < 0) {
      const soFar = Buffer.concat(parts)
      const headEnd = soFar.indexOf(HEAD_END)
      if (headEnd < 0) return
      const text = soFar.toString('latin1', 0, headEnd)
      if (!text.startsWith('HTTP/1.1 200')) return fail(new Error(`The server answered ${soFar.toString()}`))
      parts = [soFar]
      bodyStart = headEnd + HEAD_END.length
      wanted = bodyStart + Number(/\ncontent-length: *(\d+)/i.exec(text)?.[1])
    }
    if (size < wanted) return
    const body = Buffer.concat(parts).subarray(bodyStart)
    parts = []
    size = 0
    bodyStart = -1
    wanted = Infinity
    const { resolve } = waiting!
    waiting = null
    resolve(body)
  })
  socket.on('error', fail).on('close', () => fail(new Error('The server closed the connection')))
  return {
    post: body =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        socket.cork()
        socket.write(`${head}${body.length}\r\n\r\n`)
        socket.write(body)
        socket.uncork()
      }),
    close: () => void socket.destroy(),
  }
}
