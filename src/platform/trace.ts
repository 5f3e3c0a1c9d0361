/**
 * Traces by OpenTelemetry: spans of requests, operations, transactions, work and messages, with names and counts and never a
 * value that somebody sent. Off until the SDK is there; until then a span costs one comparison.
 */
import { type Attributes, context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { version } from './project.ts'

let isOn = false

/** Lets spans be made from now on, or no more. */
export function setTracing(isWanted: boolean): void {
  isOn = isWanted
}

/**
 * Returns what `work` returns, within a span; `attributes` is asked only when spans are made. An error marks it as failed by
 * its name and code, never by its words.
 */
export function traced<T>(name: string, work: () => Promise<T>, attributes?: () => Attributes): Promise<T> {
  return isOn ? spanned(name, attributes?.() ?? {}, SpanKind.INTERNAL, work) : work()
}

/** As `traced`, for a request that came with these headers: their `traceparent` is the span's parent. */
export function tracedRequest<T>(name: string, headers: Record<string, unknown>, work: () => Promise<T>): Promise<T> {
  if (!isOn) return work()
  return context.with(propagation.extract(context.active(), headers), () => spanned(name, {}, SpanKind.SERVER, work))
}

/** Renames the span of the request at hand and adds to it. */
export function nameSpan(name: string, attributes: () => Attributes): void {
  if (isOn) trace.getActiveSpan()?.updateName(name).setAttributes(attributes())
}

function spanned<T>(name: string, attributes: Attributes, kind: SpanKind, work: () => Promise<T>): Promise<T> {
  return trace.getTracer('laurel', version).startActiveSpan(name, { attributes, kind }, async span => {
    try {
      return await work()
    } catch (error) {
      fail(span, error)
      throw error
    } finally {
      span.end()
    }
  })
}

function fail(span: Span, error: unknown): void {
  const { name, code } = error as { name?: string; code?: unknown }
  span.setStatus({ code: SpanStatusCode.ERROR, message: [name ?? 'Error', ...typeof code === 'string' ? [code] : []].join(' ') })
}
