/** Intake of drafts: looks up the people that a source names and has each room record what is its own, all answered in order. */
import { hash } from 'node:crypto'
import { type ActivityInput, recordInputs } from '../activities/intake.service.ts'
import { refundRevenue } from '../facts/refund.service.ts'
import { recordRevenue, type RevenueInput } from '../facts/revenue.service.ts'
import { type PointInput, recordPoints } from '../metrics/metric.service.ts'
import { type Command, entryOf, type Origin } from '../platform/audit.ts'
import { Refusal } from '../platform/errors.ts'
import { uuidOf, wireId } from '../platform/ids.ts'
import { decimalOf, minorOf, minorUnitsOf } from '../platform/money.ts'
import { flawed, moneyOf } from '../platform/money.shapes.ts'
import type { Action } from '../platform/policy.rules.ts'
import { type Actor, inTenantOnce } from '../platform/tenancy.ts'
import type { Draft, Drafted, Flaw, PersonRef } from './draft.rules.ts'
import type { DraftPreview } from './source.entity.ts'

/** What became of one draft. */
export type Outcome = { kind: 'RECORDED' | 'REPEATED' } | { kind: 'REFUSED'; flaw: Flaw }

/** Where drafts come from: the source's name, whose ids for people count, and what each draft's key follows from. */
export interface Channel { source: string; sourceId: string | null; keyOf(place: number): string; origin: Origin }

/** Returns a key for a place of a message or file: the same place always has the same key. */
export function keyFor(...parts: string[]): string {
  return `in_${hash('sha256', JSON.stringify(parts), 'base64url')}`
}

/** Records drafts for the house and returns what became of each, in order. Refunds come last, after what they give back. */
export async function recordDrafts(actor: Actor, channel: Channel, drafts: readonly Drafted[]): Promise<Outcome[]> {
  const people =
    await peopleOf(actor, channel.sourceId, drafts.flatMap(drafted => 'draft' in drafted ? refOf(drafted.draft) ?? [] : []))
  const outcomes: Outcome[] = drafts
    .map(drafted => 'flaw' in drafted ? { kind: 'REFUSED', flaw: drafted.flaw } : { kind: 'RECORDED' })
  const own = <F extends Draft['fact']>(fact: F) => drafts.flatMap((drafted, place) => {
    if (!('draft' in drafted) || drafted.draft.fact !== fact) return []
    const ref = refOf(drafted.draft)
    const userId = ref && people.get(nameOf(ref))
    if (ref && !userId) {
      outcomes[place] = { kind: 'REFUSED', flaw: { code: 'NOT_FOUND', field: 'user', message: 'There is no such person.' } }
      return []
    }
    return [{ place, draft: drafted.draft as Extract<Draft, { fact: F }>, userId: userId ? wireId('User', userId) : null }]
  })
  const shared = ({ sourceId, note }: Draft, place: number) => ({
    idempotencyKey: channel.keyOf(place), note, source: sourceId === null ? null : channel.source, sourceId,
  })

  await each(actor, channel, 'revenue.record', own('REVENUE'), outcomes, recordRevenue,
    ({ draft, place, userId }): RevenueInput | Refusal => {
      const amount = majorOf(draft.amount, draft.unit, draft.currency)
      if (amount instanceof Refusal) return amount
      return {
        ...shared(draft, place), amount: { amount, currency: draft.currency }, recurrence: draft.recurrence, ownerId: userId,
        client: draft.client, deal: draft.deal, occurredAt: draft.occurredAt,
      }
    })
  await each(actor, channel, 'activity.record', own('ACTIVITY'), outcomes, recordInputs,
    ({ draft, place, userId }): ActivityInput => ({
      ...shared(draft, place), activityType: draft.activityType, userId, occurredAt: draft.occurredAt,
      // What is no whole number of few digits is refused by the room, as any number outside its bounds.
      quantity: draft.quantity === null ? 1 : /^\d{1,6}$/.test(draft.quantity) ? +draft.quantity : 0,
    }))
  await each(actor, channel, 'metric.record', own('METRIC'), outcomes, recordPoints,
    ({ draft, place, userId }): PointInput => ({
      ...shared(draft, place), metric: draft.metric, value: draft.value, userId, at: draft.occurredAt,
    }))
  for (const { draft, place } of own('REFUND')) outcomes[place] = await refund(actor, channel, draft, shared(draft, place))
  return outcomes
}

const refOf = (draft: Draft): PersonRef | null => draft.fact === 'REFUND' ? null : draft.person

interface Recording { kind: string; refusal?: Refusal }

async function each<Own extends { place: number }, Input>(
  actor: Actor, { origin }: Channel, action: Action, own: readonly Own[], outcomes: Outcome[],
  record: (actor: Actor, inputs: Input[]) => Promise<{ recordings: Recording[] }>, inputOf: (own: Own) => Input | Refusal,
): Promise<void> {
  const inputs = own.map(each => ({ place: each.place, input: inputOf(each) }))
  for (const { place, input } of inputs) if (input instanceof Refusal) outcomes[place] = refused(input)
  const good = inputs
    .filter((each): each is { place: number; input: Input & Exclude<Input, Refusal> } => !(each.input instanceof Refusal))
  if (!good.length) return
  const { recordings } = await record(commanding(actor, action, origin), good.map(({ input }) => input))
  for (const [at, { kind, refusal }] of recordings.entries()) {
    outcomes[good[at]!.place] = refusal ? refused(refusal) : { kind: kind === 'NEW' ? 'RECORDED' : 'REPEATED' }
  }
}

/** The house's own command, audited as those of people are. */
function commanding(actor: Actor, action: Action, origin: Origin): Actor {
  const command: Command = { entry: entryOf(actor, action, origin), isWritten: false }
  return { ...actor, command }
}

async function refund(
  actor: Actor, { source, origin }: Channel, draft: Extract<Draft, { fact: 'REFUND' }>,
  shared: { idempotencyKey: string; note: string | null; source: string | null; sourceId: string | null },
): Promise<Outcome> {
  const [original] = await inTenantOnce<{ id: string; currency: string }>(actor, {
    name: 'draft_original', text: 'select id, currency from revenue_fact where tenant_id = $1 and source = $2 and source_id = $3',
    values: [actor.tenantId, source, draft.original.replaceAll('\0', '')],
  })
  if (!original) {
    return { kind: 'REFUSED',
      flaw: { code: 'NOT_FOUND', field: 'original', message: 'There is no revenue of this source by that id.' } }
  }
  const amount = draft.amount === null ? null : majorOf(draft.amount, draft.unit, original.currency)
  if (amount instanceof Refusal) return refused(amount)
  try {
    const { idempotencyHit, duplicate } = await refundRevenue(commanding(actor, 'revenue.record', origin), {
      ...shared, revenueId: original.id, amount, occurredAt: draft.occurredAt,
    })
    return { kind: idempotencyHit || duplicate ? 'REPEATED' : 'RECORDED' }
  } catch (error) {
    if (error instanceof Refusal) return refused(error)
    throw error
  }
}

function refused({ code, message, field }: Refusal): Outcome {
  return { kind: 'REFUSED', flaw: { code, message, field: field.join('.') } }
}

/** Returns an amount in major units as text, or why it is none. */
export function majorOf(amount: string, unit: 'MAJOR' | 'MINOR', currency: string): string | Refusal {
  if (unit === 'MAJOR') return amount
  const minor = minorUnitsOf(amount, currency)
  return typeof minor === 'bigint' ? decimalOf(minor, currency) : flawed(minor, currency, 'amount')
}

/** How a reference is found again: addresses and our ids in any case, a source's own ids as they are. */
export function nameOf({ by, value }: PersonRef): string {
  return by === 'EMAIL' ? `EMAIL${value.trim().toLowerCase()}` : by === 'ID' ? `ID${uuidOf('User', value)}` : `EXTERNAL${value}`
}

/** Returns the ids of those whom references name and who exist, by how they were named. */
export async function peopleOf(
  actor: Actor, sourceId: string | null, refs: readonly PersonRef[],
): Promise<Map<string, string>> {
  const by = (kind: PersonRef['by']) =>
    [...new Set(refs.filter(ref => ref.by === kind).map(({ value }) => value.replaceAll('\0', '')))]
  if (!refs.length) return new Map()
  const ids = by('ID').flatMap(value => uuidOf('User', value) ?? [])
  const rows = await inTenantOnce<{ name: string; id: string }>(actor, {
    name: 'draft_people',
    text: `select 'EMAIL' || email as name, id from users where tenant_id = $1 and email = any($2)
           union all select 'EXTERNAL' || external_id, user_id from hook_person
             where tenant_id = $1 and source_id = $3 and external_id = any($4)
           union all select 'ID' || id, id from users where tenant_id = $1 and id = any($5::uuid[])`,
    values: [actor.tenantId, by('EMAIL').map(email => email.trim().toLowerCase()), sourceId, by('EXTERNAL'), ids],
  })
  return new Map(rows.map(({ name, id }) => [name, id]))
}

/** Returns how a draft is shown before it is recorded, with what would be refused as far as that can be told. */
export function previewOf(drafted: Drafted, people: ReadonlyMap<string, string>): Omit<DraftPreview, 'place'> {
  if ('flaw' in drafted) return { flaw: { place: null, ...drafted.flaw } }
  const { draft } = drafted
  const { fact, sourceId, occurredAt } = draft
  const shown: Omit<DraftPreview, 'place'> = { fact: fact as DraftPreview['fact'], sourceId, occurredAt }
  if (draft.fact !== 'REFUND' && draft.person && !people.has(nameOf(draft.person))) {
    shown.flaw = { place: null, code: 'NOT_FOUND', field: 'user', message: 'There is no such person.' }
  }
  if (draft.fact === 'ACTIVITY') return { ...shown, key: draft.activityType, value: draft.quantity ?? '1' }
  if (draft.fact === 'METRIC') return { ...shown, key: draft.metric, value: draft.value }
  if (draft.fact === 'REFUND') return { ...shown, key: draft.original, value: draft.amount }
  const { recurrence, client, deal, currency } = draft
  const major = majorOf(draft.amount, draft.unit, currency)
  const minor = major instanceof Refusal ? null : minorOf(major, currency)
  if (typeof minor !== 'bigint') {
    shown.flaw =
      { place: null, code: 'INVALID', field: 'amount', message: `"${draft.amount.slice(0, 40)}" is no amount of "${currency}".` }
  }
  return { ...shown, recurrence, client, deal, amount: typeof minor === 'bigint' ? moneyOf(minor, currency) : null }
}
