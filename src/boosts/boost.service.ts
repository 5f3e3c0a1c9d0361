/** The only writer of boosts. */
import { describeCommand } from '../platform/audit.ts'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, inTenantBatch } from '../platform/tenancy.ts'
import { type BoostInput, type BoostRow, refusalForBoost } from './boost.rules.ts'

/**
 * Plans a boost and returns it with the commit's mark; emits `boost.created`.
 * @throws Refusal INVALID | OUT_OF_RANGE | NOT_FOUND
 */
export function createBoost(actor: Actor, input: BoostInput): Promise<{ boost: BoostRow; mark: number }> {
  const { tenantId, now } = actor
  const refusal = refusalForBoost(input, now)
  if (refusal) throw refusal
  const boost: BoostRow = {
    ...input, id: newId(now), name: input.name.trim(), startsAt: input.startsAt ?? now, canceledAt: null,
    activityTypes: input.activityTypes && [...new Set(input.activityTypes)],
  }
  return inTenantBatch(actor, async ({ run, last }) => {
    const [known, open] = await run([
      { text: 'select distinct key from activity_type where tenant_id = $1', values: [tenantId] },
      { text: 'select count(*)::int as n from boost where tenant_id = $1 and ends_at > $2', values: [tenantId, now] },
    ])
    const keys = new Set(known!.map(({ key }) => key as string))
    const missing = boost.activityTypes?.find(key => !keys.has(key))
    if (missing !== undefined) {
      throw new Refusal(
        ErrorCode.NOT_FOUND, 'There is no such activity type: see activityTypes for the keys.', ['activityTypes'])
    }
    if ((open![0]!.n as number) >= LIMITS.boostsMax) {
      throw new Refusal(ErrorCode.OUT_OF_RANGE, `At most ${LIMITS.boostsMax} boosts may be planned or running: cancel one.`)
    }
    describeCommand(actor, { subject: `boost:${boost.id}` })
    const { id, name, multiplierBp, rounding, activityTypes, startsAt, endsAt } = boost
    const answers = await last([
      {
        text: `insert into boost (tenant_id, id, name, multiplier_bp, rounding, activity_types, starts_at, ends_at, created_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        values: [tenantId, id, name, multiplierBp, rounding, activityTypes, startsAt, endsAt, now],
      },
      emitStatement(tenantId, 'boost.created', { boostId: id }),
    ])
    return { boost, mark: Number(answers.at(-1)![0]!.mark) }
  })
}

/**
 * Ends a boost now, or before it began, and returns it with the commit's mark; what occurred before keeps what it added. Emits
 * `boost.canceled`.
 * @throws Refusal NOT_FOUND | ALREADY_DECIDED
 */
export function cancelBoost(actor: Actor, boostId: string): Promise<{ boostId: string; mark: number }> {
  const { tenantId, now } = actor
  return inTenantBatch(actor, async ({ run, last }) => {
    const [rows] = await run([{
      text: 'select ends_at <= $3 as "isOver" from boost where tenant_id = $1 and id = $2 for update',
      values: [tenantId, boostId, now],
    }])
    if (!rows!.length) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such boost.', ['boostId'])
    if (rows![0]!.isOver) throw new Refusal(ErrorCode.ALREADY_DECIDED, 'This boost is over already.', ['boostId'])
    describeCommand(actor, { subject: `boost:${boostId}` })
    const answers = await last([
      {
        text: `update boost set canceled_at = $3, ends_at = greatest(starts_at, least(ends_at, $3))
               where tenant_id = $1 and id = $2`,
        values: [tenantId, boostId, now],
      },
      emitStatement(tenantId, 'boost.canceled', { boostId }),
    ])
    return { boostId, mark: Number(answers.at(-1)![0]!.mark) }
  })
}
