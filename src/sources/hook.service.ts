/** Receives what a source sends: signature, time, mapping, facts, log. What is acknowledged is committed. */
import type { Database } from '../platform/db.ts'
import type { Origin } from '../platform/audit.ts'
import { isPlainText } from '../platform/errors.ts'
import { newId, uuidOf } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { type Actor, inTenantOnce } from '../platform/tenancy.ts'
import { isSigned } from '../outward/signing.ts'
import { type Exact, parseExactly } from './exact.rules.ts'
import { keyFor, recordDrafts } from './intake.service.ts'
import { draftsOf, type Mapping } from './mapping.rules.ts'
import { checkedMapping } from './mapping.shape.ts'
import { HOOK_DIRECTORY } from './source.service.ts'

/** A message as it came: the name in its path, its headers, its raw body. */
export interface HookRequest { source: string; headers: Record<string,
  string | string[] | undefined>; body: Buffer; origin: Origin; now: Date }

/** What a source is answered: an HTTP status, and in words what to mend. */
export interface HookAnswer { status: number; code: string; message: string; recorded?: number; repeated?: number }

interface Source {
  [column: string]: unknown
  id: string; name: string; state: string; secrets: string[]; mapping: unknown; mappingVersion: number
}

const NOWHERE: HookAnswer = { status: 404, code: 'NOT_FOUND', message: 'There is no such source.' }

/** Carries out a message and returns what its sender is told. */
export async function receiveHook(db: Database, request: HookRequest): Promise<HookAnswer> {
  const sourceId = uuidOf('HookSource', request.source)
  const { rows: [found] } = sourceId
    ? await db.pool.query<{ id: string | null }>('select directory_find($1, $2) as id', [HOOK_DIRECTORY, sourceId]) : { rows: [] }
  if (!sourceId || !found?.id) return NOWHERE
  const actor: Actor = { tenantId: found.id, userId: null, role: 'ADMIN', now: request.now, db }
  const [source] = await inTenantOnce<Source>(actor, {
    name: 'hook_source',
    text: `select id, name, state, mapping, mapping_version as "mappingVersion",
             array_remove(array[secret, case when previous_until > $3::timestamptz then previous_secret end], null) as secrets
           from hook_source where tenant_id = $1 and id = $2`,
    values: [actor.tenantId, sourceId, request.now],
  })
  if (!source) return NOWHERE
  const id = headerOf(request, 'webhook-id')
  const denied = refusalForSignature(source, id, request)
  if (denied) {
    await logDenied(actor, source, id, request, denied)
    return denied
  }
  // The source will send it again, when it is taken again.
  if (source.state === 'PAUSED') return { status: 503, code: 'PAUSED', message: 'This source is paused: send it again later.' }
  return carryOut(actor, source, id, request)
}

const headerOf = ({ headers }: HookRequest, name: string) => String(headers[name] ?? '')

function refusalForSignature(source: Source, id: string, request: HookRequest): HookAnswer | null {
  const timestamp = headerOf(request, 'webhook-timestamp')
  if (!isPlainText(id, LIMITS.hookIdLengthMax, 1) || !/^[\x21-\x7e]+$/.test(id)) {
    return { status: 400, code: 'MESSAGE_ID',
      message: `webhook-id must have 1 to ${LIMITS.hookIdLengthMax} visible ASCII characters.` }
  }
  const apartMs = Math.abs(request.now.getTime() - Number(/^\d{1,12}$/.test(timestamp) ? timestamp : NaN) * 1_000)
  if (!(apartMs <= LIMITS.hookToleranceMs)) {
    return { status: 401, code: 'TIMESTAMP', message: 'webhook-timestamp must be Unix seconds, at most 5 minutes from now.' }
  }
  const signatures = headerOf(request, 'webhook-signature')
  if (isSigned(source.secrets, { id, timestamp, signatures }, request.body)) return null
  return { status: 401, code: 'SIGNATURE',
    message: 'webhook-signature is that of no secret of this source over this id, time and body.' }
}

async function carryOut(actor: Actor, source: Source, id: string, request: HookRequest): Promise<HookAnswer> {
  if (await isKnown(actor, source, id)) {
    return { status: 200, code: 'REPEATED', message: 'This message was carried out before.', recorded: 0, repeated: 0 }
  }
  let body: Exact
  try {
    body = parseExactly(request.body.toString('utf8'))
  } catch {
    const flaw: HookAnswer = { status: 400, code: 'INVALID', message: 'The body must be JSON.' }
    await log(actor, source, id, request,
      { outcome: 'REFUSED', recorded: 0, repeated: 0, refusals: [[null, flaw.code, '', flaw.message]] })
    return flaw
  }
  const mapping: Mapping = checkedMapping(source.mapping)
  const drafts = draftsOf(mapping, body)
  const outcomes = await recordDrafts(actor, {
    source: source.name, sourceId: source.id, keyOf: place => keyFor('hook', source.id, id, String(place)),
      origin: request.origin,
  }, drafts)
  const count = (kind: string) => outcomes.filter(outcome => outcome.kind === kind).length
  const refusals = outcomes.flatMap((outcome, place): Refused[] =>
    outcome.kind === 'REFUSED' ? [[place, outcome.flaw.code, outcome.flaw.field, outcome.flaw.message]] : [])
  const done = { recorded: count('RECORDED'), repeated: count('REPEATED'), refusals: refusals.slice(0, REFUSALS_MAX) }
  const outcome = refusals.length ? 'REFUSED' : drafts.length ? 'ACCEPTED' : 'IGNORED'
  await log(actor, source, id, request, { outcome, ...done })
  const { recorded, repeated } = done
  if (refusals.length) {
    const [, code, , message] = refusals[0]!
    return { status: 422, code, message: `${refusals.length} of ${outcomes.length} facts were refused: ${message}`, recorded,
      repeated }
  }
  return { status: 200, code: outcome, message: outcome === 'IGNORED' ? 'No rule is for this message.' : 'Recorded.', recorded,
    repeated }
}

type Refused = [place: number | null, code: string, field: string, message: string]
const REFUSALS_MAX = 20

async function isKnown(actor: Actor, { id }: Source, messageId: string): Promise<boolean> {
  const [row] = await inTenantOnce(actor, {
    name: 'hook_message_known',
    text: `select 1 from hook_message where tenant_id = $1 and source_id = $2 and message_id = $3 and outcome <> 'REFUSED'`,
    values: [actor.tenantId, id, messageId],
  })
  return row !== undefined
}

async function log(
  actor: Actor, source: Source, messageId: string, { body }: HookRequest,
  { outcome, recorded, repeated, refusals }: { outcome: string; recorded: number; repeated: number; refusals: Refused[] },
): Promise<void> {
  await inTenantOnce(actor, {
    name: 'hook_message_insert',
    text: `insert into hook_message (tenant_id, id, source_id, message_id, received_at, outcome, body_bytes, mapping_version,
             recorded, repeated, refusals) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
           on conflict (tenant_id, source_id, message_id) where outcome <> 'REFUSED' do nothing`,
    values: [
      actor.tenantId, newId(actor.now), source.id, messageId, actor.now, outcome, body.length, source.mappingVersion, recorded,
      repeated, JSON.stringify(refusals),
    ],
  })
}

const lastDenied = new Map<string, number>()

/** Notes a message that nobody proved to be the source's: at most one a second, since anybody may send such. */
async function logDenied(actor: Actor, source: Source, id: string, request: HookRequest, denied: HookAnswer): Promise<void> {
  const second = Math.floor(request.now.getTime() / 1_000)
  if (lastDenied.get(source.id) === second) return
  if (lastDenied.size > LIMITS.hookSourcesMax * 100) lastDenied.clear()
  lastDenied.set(source.id, second)
  const shown = isPlainText(id, LIMITS.hookIdLengthMax) ? id : ''
  await log(actor, source, shown, request, {
    outcome: 'REFUSED', recorded: 0, repeated: 0, refusals: [[null, denied.code, '', denied.message]],
  })
}
