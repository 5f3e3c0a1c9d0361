/** Where a request came from, for the audit; its correlation id is the client's own when it sent one, and is always answered. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Origin } from '../platform/audit.ts'
import { isPlainText } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'

const PLATFORM = 'x-laurel-platform'
const CORRELATION = 'x-correlation-id'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Returns where an HTTP request came from. */
export function originOf(request: FastifyRequest, reply: FastifyReply): Origin {
  const origin = readOrigin(request.raw, request.ip)
  void reply.header(CORRELATION, origin.correlationId)
  return origin
}

/** Returns where a connection came from. */
export function readOrigin({ headers, socket }: IncomingMessage, ip = socket.remoteAddress): Origin {
  const wished = headers[CORRELATION]
  const agent = headers['user-agent']?.slice(0, LIMITS.auditAgentLengthMax)
  return {
    correlationId: typeof wished === 'string' && UUID.test(wished) ? wished.toLowerCase() : randomUUID(),
    ip: ip && isIP(ip) ? ip : null, agent: agent && isPlainText(agent, LIMITS.auditAgentLengthMax) ? agent : null,
    platform: platformOf(headers[PLATFORM]),
  }
}

/** A header carries ASCII, so that other names come percent-encoded. */
function platformOf(named: string | string[] | undefined): string | null {
  if (named === undefined) return null
  try {
    return decodeURIComponent(String(named))
  } catch {
    return String(named) // A name with a percent sign of its own.
  }
}
