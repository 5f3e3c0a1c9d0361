/** The only writer of sources. A secret is answered once, when it is made; the directory finds a source's tenant by its id. */
import { describeCommand, hashOfAll } from '../platform/audit.ts'
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, inTenantBatch, type Statement } from '../platform/tenancy.ts'
import { newSecret } from '../outward/signing.ts'
import { mappingOf } from './mapping.shape.ts'

/** What the directory calls a source. */
export const HOOK_DIRECTORY = 'hook'

const directoryKey = `sha256(convert_to($1, 'UTF8'))`

/**
 * Creates a source and returns its id, its secret and the commit's mark; emits `hook_source.created`.
 * @throws Refusal INVALID | OUT_OF_RANGE | TAKEN
 */
export async function createSource(actor: Actor, { name, kind, mapping }: { name: string; kind: string; mapping: string }) {
  const { tenantId, now } = actor
  if (!/^[a-z][a-z0-9_-]{1,31}$/.test(name)) {
    throw new Refusal(ErrorCode.INVALID, 'name must have 2 to 32 of a–z, 0–9, _ and -, and begin with a letter.', ['name'])
  }
  const checked = mappingOf(mapping)
  const secret = newSecret()
  return inTenantBatch(actor, async batch => {
    const [known] = await batch.run([{ text: 'select name from hook_source where tenant_id = $1', values: [tenantId] }])
    if (known!.some(row => row.name === name)) throw new Refusal(ErrorCode.TAKEN, `There is a source "${name}" already.`,
      ['name'])
    if (known!.length >= LIMITS.hookSourcesMax) {
      throw new Refusal(ErrorCode.OUT_OF_RANGE, `A tenant has at most ${LIMITS.hookSourcesMax} sources: delete one.`, ['name'])
    }
    const sourceId = newId(now)
    describeCommand(actor, { subject: `hook_source:${sourceId}`, afterHash: hashOfAll([name, kind, JSON.stringify(checked)]) })
    const answers = await batch.last([
      {
        text: `insert into hook_source (tenant_id, id, name, kind, secret, mapping, created_at)
               values ($1, $2, $3, $4, $5, $6, $7)`,
        values: [tenantId, sourceId, name, kind, secret, JSON.stringify(checked), now],
      },
      {
        text: `insert into directory (kind, key_hash, tenant_id) values ('${HOOK_DIRECTORY}', ${directoryKey}, $2)`,
        values: [sourceId, tenantId],
      },
      emitStatement(tenantId, 'hook_source.created', { sourceId }),
    ])
    return { sourceId, secret, mark: markOf(answers) }
  })
}

/**
 * Changes a source's mapping or state and returns the commit's mark; emits `hook_source.updated`.
 * @throws Refusal NOT_FOUND | INVALID | OUT_OF_RANGE
 */
export async function updateSource(
  actor: Actor, { sourceId, mapping, state }: { sourceId: string; mapping?: string | null; state?: string | null },
) {
  const checked = mapping == null ? null : JSON.stringify(mappingOf(mapping))
  if (checked === null && state == null) throw new Refusal(ErrorCode.INVALID, 'Nothing would change: name mapping or state.')
  return change(actor, sourceId, 'hook_source.updated', [checked ?? '', state ?? ''], {
    text: `update hook_source set mapping = coalesce($3::json, mapping), state = coalesce($4, state),
             mapping_version = mapping_version + case when $3::json is null then 0 else 1 end where tenant_id = $1 and id = $2`,
    values: [actor.tenantId, sourceId, checked, state ?? null],
  })
}

/**
 * Gives a source a new secret and returns it; the one before is good too for `previousHours` hours. Emits `hook_source.rotated`.
 * @throws Refusal NOT_FOUND | OUT_OF_RANGE
 */
export async function rotateSourceSecret(
  actor: Actor, { sourceId, previousHours }: { sourceId: string; previousHours: number },
): Promise<{ secret: string; mark: number }> {
  const max = LIMITS.webhookPreviousSecretHoursMax
  if (previousHours < 0 || previousHours > max) {
    throw new Refusal(ErrorCode.OUT_OF_RANGE, `previousHours must be 0 to ${max}.`, ['previousHours'])
  }
  const secret = newSecret()
  const { mark } = await change(actor, sourceId, 'hook_source.rotated', ['rotated'], {
    text: `update hook_source set previous_secret = secret, previous_until = $4::timestamptz, secret = $3
           where tenant_id = $1 and id = $2`,
    values: [actor.tenantId, sourceId, secret, new Date(actor.now.getTime() + previousHours * 3_600_000)],
  })
  return { secret, mark }
}

/** Removes a source with its log; its facts stay. Emits `hook_source.deleted`. @throws Refusal NOT_FOUND */
export async function deleteSource(actor: Actor, sourceId: string) {
  return change(actor, sourceId, 'hook_source.deleted', ['deleted'], {
    text: `with gone as (delete from directory
             where kind = '${HOOK_DIRECTORY}' and key_hash = sha256(convert_to($2::text, 'UTF8')))
           delete from hook_source where tenant_id = $1 and id = $2::text::uuid`,
    values: [actor.tenantId, sourceId],
  })
}

/**
 * Says whom a source means by an id of its own, or by null that it means nobody any more; emits `hook_person.linked`.
 * @throws Refusal NOT_FOUND | INVALID
 */
export async function linkPerson(
  actor: Actor, { sourceId, externalId, userId }: { sourceId: string; externalId: string; userId: string | null },
) {
  if (!isPlainText(externalId, LIMITS.sourceLengthMax, 1)) {
    throw new Refusal(ErrorCode.INVALID, `externalId must have 1 to ${LIMITS.sourceLengthMax} characters.`, ['externalId'])
  }
  const { tenantId } = actor
  return change(actor, sourceId, 'hook_person.linked', [externalId, userId ?? ''], userId === null
    ? {
      text: 'delete from hook_person where tenant_id = $1 and source_id = $2 and external_id = $3',
      values: [tenantId, sourceId, externalId],
    }
    : {
      text: `insert into hook_person (tenant_id, source_id, external_id, user_id) values ($1, $2, $3, $4)
             on conflict (tenant_id, source_id, external_id) do update set user_id = excluded.user_id`,
      values: [tenantId, sourceId, externalId, userId],
    }, userId)
}

async function change(
  actor: Actor, sourceId: string, topic: string, after: string[], statement: Statement, userId: string | null = null,
): Promise<{ mark: number }> {
  const { tenantId } = actor
  return inTenantBatch(actor, async batch => {
    const [found, people] = await batch.run([
      {
        text: 'select id, state, mapping_version from hook_source where tenant_id = $1 and id = $2 for update',
        values: [tenantId, sourceId],
      },
      { text: 'select 1 from users where tenant_id = $1 and id = $2::uuid', values: [tenantId, userId] },
    ])
    if (!found!.length) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such source.', ['sourceId'])
    if (userId && !people!.length) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such user.', ['userId'])
    describeCommand(actor, {
      subject: `hook_source:${sourceId}`, forUserId: userId, beforeHash: hashOfAll([JSON.stringify(found![0])]),
      afterHash: hashOfAll([topic, ...after]),
    })
    return { mark: markOf(await batch.last([statement, emitStatement(tenantId, topic, { sourceId })])) }
  })
}

const markOf = (answers: Record<string, unknown>[][]) => Number(answers.at(-1)![0]!.mark)
