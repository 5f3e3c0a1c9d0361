/** How long an HTTP request may take: then it is answered, and what works for it is stopped, as when its client has left. */
import type { FastifyReply } from 'fastify'
import { LIMITS } from '../platform/limits.ts'

/** Returns what aborts when the time is up, after `answer` was called, or when the client has left before its answer. */
export function deadlineOf(reply: FastifyReply, answer: () => void, afterMs: number = LIMITS.requestMs): AbortSignal {
  const stop = new AbortController()
  const timer = setTimeout(() => {
    stop.abort()
    if (!reply.sent) answer()
  }, afterMs).unref()
  // The response closes once, when it was sent or cannot be any more. (A request closes as soon as its body was read.)
  reply.raw.once('close', () => {
    clearTimeout(timer)
    if (!reply.raw.writableFinished) stop.abort()
  })
  return stop.signal
}
