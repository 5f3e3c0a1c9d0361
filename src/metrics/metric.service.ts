/** The only writer of metrics: definitions, and points that are only ever added, once for each key and source fact. */
import { describeCommand, hashOfAll } from '../platform/audit.ts'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { derivedId, newId, uuidOf } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { decisionFor } from '../platform/policy.rules.ts'
import { type Actor, inTenantBatch, NOBODY, retried, senderOf, type Statement } from '../platform/tenancy.ts'
import { localDay } from '../platform/time.ts'
import { commandHashOf } from '../facts/revenue.service.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import { teamsLedBy } from '../users/user.queries.ts'
import {
  type KnownMetric, type MetricWish, type PointItem, refusalForMetric, refusalForPoint, verdictForPoint,
} from './metric.rules.ts'


/** The part of a template pack that defines metrics. */
export interface MetricPack { key: string; metrics: Omit<MetricWish, 'active'>[] }

const insertMetric = (conflict: string) =>
  `insert into metric (tenant_id, id, key, name, unit, direction, lowest, highest, active,
    predefined, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (tenant_id, key) ${conflict}`

/** Copies a pack's metrics into the tenant; what is there already stays as it is. */
export async function installMetrics(actor: Actor, pack: MetricPack): Promise<void> {
  const { tenantId, now } = actor
  await inTenantBatch(actor, ({ last }) => last(pack.metrics.map(({ key, name, unit, direction, lowest, highest }) => ({
    text: insertMetric('do nothing'),
    values: [tenantId, derivedId(tenantId, pack.key, `metric ${key}`), key, name, unit, direction, lowest, highest, true, true,
      now],
  }))))
}

/** A definition as a client sends it; of one that is there, what is absent stays. */
export interface MetricInput {
  key: string; name?: string | null; unit?: string | null; direction?: string | null; lowest?: string | null
  highest?: string | null; active?: boolean | null
}

/**
 * Defines a metric, or changes it, and returns its id with the commit's mark; emits `metric.defined`. Values recorded before
 * stay.
 * @throws Refusal INVALID | OUT_OF_RANGE
 */
export async function defineMetric(actor: Actor, input: MetricInput): Promise<{ metricId: string; mark: number }> {
  const { tenantId, now } = actor
  const { key } = input
  return retried(() => inTenantBatch(actor, async batch => {
    const [rows, [count]] = await batch.run([
      {
        text: `select id, name, unit, direction, trim_scale(lowest)::text as lowest, trim_scale(highest)::text as highest, active
               from metric where tenant_id = $1 and key = $2 for update`,
        values: [tenantId, key.slice(0, 64).replaceAll(/[^a-z0-9_]/g, '')],
      },
      { text: 'select count(*) as known from metric where tenant_id = $1', values: [tenantId] },
    ]) as [(MetricWish & { id: string })[], { known: number }[]]
    const [found] = rows
    const kept = { name: key, unit: '', direction: 'HIGHER', lowest: null, highest: null, active: true, ...found }
    const wish: MetricWish = {
      key, name: input.name?.trim() ?? kept.name, unit: input.unit?.trim() ?? kept.unit, direction: input.direction
        ?? kept.direction,
      lowest: input.lowest === undefined ? kept.lowest : input.lowest,
      highest: input.highest === undefined ? kept.highest : input.highest, active: input.active ?? kept.active,
    }
    const refusal = refusalForMetric(wish)
    if (refusal) throw refusal
    if (!found && count!.known >= LIMITS.metricsMax) {
      throw new Refusal(ErrorCode.OUT_OF_RANGE, `A tenant has at most ${LIMITS.metricsMax} metrics.`, ['key'])
    }
    const metricId = found?.id ?? newId(now)
    describeCommand(actor, {
      subject: `metric:${metricId}`, beforeHash: found ? hashOfAll([JSON.stringify(found)]) : null,
      afterHash: hashOfAll([JSON.stringify(wish)]),
    })
    const answers = await batch.last([
      {
        text: insertMetric(`do update set name = excluded.name, unit = excluded.unit, direction = excluded.direction,
          lowest = excluded.lowest, highest = excluded.highest, active = excluded.active`),
        values: [
          tenantId, metricId, key, wish.name, wish.unit, wish.direction, wish.lowest, wish.highest, wish.active, false, now,
        ],
      },
      emitStatement(tenantId, 'metric.defined', { metricId, key }),
    ])
    return { metricId, mark: Number(answers.at(-1)![0]!.mark) }
  }))
}

/** A value as a client sends it; ids are wire ids, neither of them means the whole tenant. */
export interface PointInput {
  metric: string; idempotencyKey: string; value?: string | null; at?: Date | null; baseline?: boolean | null
  teamId?: string | null; userId?: string | null; source?: string | null; sourceId?: string | null; note?: string | null
}

/** What became of one item: a new point, an earlier one, or a refusal. */
export type PointRecording = { kind: 'NEW' | 'HIT' | 'DUPLICATE'; pointId: string } | { kind: 'REFUSED'; refusal: Refusal }

/**
 * Records up to 1,000 values in one transaction and returns what became of each, in order, with the event's mark; emits one
 * `metric.recorded`. A value of an instant that has one already supersedes it; both rows stay.
 * @throws Refusal OUT_OF_RANGE for an empty or too long list
 */
export async function recordPoints(
  actor: Actor, inputs: readonly PointInput[],
): Promise<{ recordings: PointRecording[]; mark: number | null }> {
  if (!inputs.length || inputs.length > LIMITS.batchItemsMax) {
    const sentence = `items must hold 1 to ${LIMITS.batchItemsMax} values; this call has ${inputs.length}.`
    throw new Refusal(ErrorCode.OUT_OF_RANGE, sentence, ['items'])
  }
  const checked = inputs.map(input => itemFor(actor, input))
  const items = checked.filter((item): item is PointItem => !(item instanceof Refusal))
  const { recordings, mark } = items.length ? await recordItems(actor, items) : { recordings: [], mark: null }
  let next = 0
  return {
    mark, recordings: checked.map(item => item instanceof Refusal ? { kind: 'REFUSED', refusal: item } : recordings[next++]!),
  }
}

function itemFor({ tenantId, now }: Actor, input: PointInput): PointItem | Refusal {
  if (input.teamId && input.userId) {
    return new Refusal(ErrorCode.INVALID, 'A value is of a team or of a person: name one of them, or neither.', ['userId'])
  }
  const userId = input.userId && (uuidOf('User', input.userId) ?? NOBODY)
  const teamId = input.teamId && (uuidOf('Team', input.teamId) ?? NOBODY)
  const body = {
    metric: input.metric, value: input.value ?? null, at: input.at ?? null, baseline: input.baseline ?? false,
    subjectKind: userId ? 'USER' as const : teamId ? 'TEAM' as const : 'TENANT' as const, subjectId: userId || teamId || tenantId,
    source: input.source ?? null, sourceId: input.sourceId ?? null, note: input.note ?? null,
  }
  const item = { ...body, idempotencyKey: input.idempotencyKey }
  return refusalForPoint(item, now) ?? { ...item, bodyHash: commandHashOf('metric', body) }
}

interface NewPoint extends PointItem { pointId: string; metricId: string; day: string; instant: Date }

async function recordItems(actor: Actor, items: readonly PointItem[]) {
  const zone = await zoneOf(actor)
  return retried(() => inTenantBatch(actor, async batch => {
    const { recordings, fresh } = decide(actor, zone, items, await batch.run(readStatements(actor, items)))
    if (!fresh.length) return { recordings, mark: null }
    const [first] = fresh
    const isOnes = fresh.length === 1 && first!.subjectKind === 'USER'
    describeCommand(actor, {
      subject: `metric_point:${first!.pointId}`, forUserId: isOnes ? first!.subjectId : null,
      afterHash: hashOfAll(fresh.map(({ bodyHash }) => bodyHash)),
    })
    const told = fresh.map(({ pointId, metric, subjectKind, subjectId, instant, day, value }) =>
      [pointId, metric, subjectKind, subjectId, instant.toISOString(), day, value])
    const answers = await batch.last([
      ...insertStatements(actor, fresh), emitStatement(actor.tenantId, 'metric.recorded', { points: told }),
    ])
    return { recordings, mark: Number(answers.at(-1)![0]!.mark) }
  }))
}

function readStatements(actor: Actor, items: readonly PointItem[]): Statement[] {
  const { tenantId } = actor
  const sender = senderOf(actor)
  const sourced = items.filter(({ source }) => source !== null)
  const subjects = [...new Set(items.filter(({ subjectKind }) => subjectKind !== 'TENANT').map(({ subjectId }) => subjectId))]
  return [
    {
      name: 'metric_known',
      text: `select id, key, active, trim_scale(lowest)::text as lowest, trim_scale(highest)::text as highest from metric
             where tenant_id = $1 and key = any($2)`,
      values: [tenantId, [...new Set(items.map(({ metric }) => metric.slice(0, 64)))].map(key => key.replaceAll('\0', ''))],
    },
    {
      name: 'metric_sources',
      text: `select p.source, p.source_id as "sourceId", p.id from unnest($2::text[], $3::text[]) wanted (source, source_id)
             join metric_point p using (source, source_id) where p.tenant_id = $1`,
      values: [tenantId, sourced.map(({ source }) => source), sourced.map(({ sourceId }) => sourceId)],
    },
    {
      // A person's team of now, and each team as its own.
      name: 'metric_subjects',
      text: `select 'USER' as kind, u.id, m.team_id as "teamId" from users u left join team_membership m
               on m.tenant_id = u.tenant_id and m.user_id = u.id and m.is_primary is not false and m.starts_at <= now()
               and (m.ends_at is null or m.ends_at > now())
             where u.tenant_id = $1 and u.id = any($2::uuid[]) and u.deactivated_at is null
             union all select 'TEAM', id, id from team where tenant_id = $1 and id = any($2::uuid[])`,
      values: [tenantId, subjects],
    },
    // After the source facts: whoever sees the fact of a command that commits meanwhile then sees its key as well.
    {
      name: 'metric_keys',
      text: `select key, body_hash as "bodyHash", result_id as "pointId" from command_key
             where tenant_id = $1 and actor_id = $2 and key = any($3)`,
      values: [tenantId, sender, items.map(({ idempotencyKey }) => idempotencyKey)],
    },
    teamsLedBy(tenantId, [sender]),
  ]
}

function decide(actor: Actor, zone: string, items: readonly PointItem[], answers: Record<string, unknown>[][]) {
  const { tenantId, now } = actor
  const [metricRows, sourceRows, subjectRows, keyRows, led] = answers as [
    KnownMetric[], { source: string; sourceId: string; id: string }[], { kind: string; id: string; teamId: string | null }[],
    { key: string; bodyHash: Buffer; pointId: string }[], { id: string }[]]
  const factKey = (source: string, sourceId: string) => JSON.stringify([source, sourceId])
  const keys = new Map(keyRows.map(row => [row.key, row]))
  const metrics = new Map(metricRows.map(row => [row.key, row]))
  const sources = new Map(sourceRows.map(row => [factKey(row.source, row.sourceId), row.id]))
  const subjects = new Map(subjectRows.map(row => [row.kind + row.id, row.teamId]))
  subjects.set(`TENANT${tenantId}`, null)
  const leads = new Set(led.map(({ id }) => id))
  const { reach } = decisionFor(actor, 'metric.record')
  const recordings: PointRecording[] = []
  const fresh: NewPoint[] = []
  for (const item of items) {
    const subject = item.subjectKind + item.subjectId
    const fact = item.source === null ? null : factKey(item.source, item.sourceId!)
    const teamId = subjects.get(subject)
    const verdict = verdictForPoint(item, {
      key: keys.get(item.idempotencyKey) ?? null, source: fact && (sources.get(fact) ?? null), metric: metrics.get(item.metric),
      hasSubject: subjects.has(subject), mayRecord: reach === 'TENANT'
        || (reach === 'TEAM' && teamId != null && leads.has(teamId)),
    })
    if (verdict.kind !== 'NEW') {
      recordings.push(verdict)
      continue
    }
    const instant = item.at ?? now
    const pointId = newId(now)
    fresh.push({ ...item, pointId, metricId: verdict.metric.id, instant, day: localDay(zone, instant.getTime()).day })
    keys.set(item.idempotencyKey, { key: item.idempotencyKey, bodyHash: item.bodyHash, pointId })
    if (fact) sources.set(fact, pointId)
    recordings.push({ kind: 'NEW', pointId })
  }
  return { recordings, fresh }
}

function insertStatements(actor: Actor, points: readonly NewPoint[]): Statement[] {
  const { tenantId, userId, now } = actor
  const column = <T>(pick: (point: NewPoint) => T) => points.map(pick)
  return [
    {
      name: 'metric_key_insert',
      text: `insert into command_key (tenant_id, actor_id, key, body_hash, result_id)
             select $1, $2, * from unnest($3::text[], $4::bytea[], $5::uuid[])`,
      values: [
        tenantId, senderOf(actor), column(({ idempotencyKey }) => idempotencyKey), column(({ bodyHash }) => bodyHash),
        column(({ pointId }) => pointId),
      ],
    },
    {
      name: 'metric_point_insert',
      text: `insert into metric_point (tenant_id, recorded_by, recorded_at, id, metric_id, subject_kind, subject_id, at, day,
               value, baseline, source, source_id, note)
             select $1, $2, $3, * from unnest($4::uuid[], $5::uuid[], $6::text[], $7::uuid[], $8::timestamptz[], $9::date[],
               $10::numeric[], $11::boolean[], $12::text[], $13::text[], $14::text[])`,
      values: [
        tenantId, userId, now, column(({ pointId }) => pointId), column(({ metricId }) => metricId),
        column(({ subjectKind }) => subjectKind), column(({ subjectId }) => subjectId), column(({ instant }) => instant),
        column(({ day }) => day), column(({ value }) => value), column(({ baseline }) => baseline),
        column(({ source }) => source), column(({ sourceId }) => sourceId), column(({ note }) => note),
      ],
    },
  ]
}
