/** GraphQL door of sources: shapes in, shapes out, no decisions. ADMIN only. */
import { Arg, Ctx, Field, FieldResolver, ID, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { answer, Context, Cursor, sized, UserError, userError } from '../platform/graphql.ts'
import { optionalId, requireId, wireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { Allows } from '../platform/policy.ts'
import type { Actor } from '../platform/tenancy.ts'
import { parseExactly } from './exact.rules.ts'
import { peopleOf, previewOf } from './intake.service.ts'
import { draftsOf } from './mapping.rules.ts'
import { mappingOf } from './mapping.shape.ts'
import { DraftPreview, HookFlaw, HookMessage, HookSource } from './source.entity.ts'
import {
  type HookMessageRow, listHookMessages, listSources, type SourceRow, sourcesById,
} from './source.queries.ts'
import { createSource, deleteSource, linkPerson, rotateSourceSecret, updateSource } from './source.service.ts'
import {
  HookMessageConnection, HookPersonLinkInput, HookPersonLinkPayload, HookSecretRotateInput, HookSecretRotatePayload,
  HookSourceConnection, HookSourceCreateInput, HookSourceCreatePayload, HookSourceDeleteInput, HookSourceDeletePayload,
  HookSourceUpdateInput, HookSourceUpdatePayload,
} from './source.shapes.ts'

@ObjectType({ description: 'What a mapping would make of a message. Nothing is written.' })
class HookPreview {
  @sized(200) @Field(() => [DraftPreview], { description: 'The facts, at most 200.' }) drafts!: DraftPreview[]
  @Field(() => [UserError], { description: 'What is wrong with the mapping or the sample; then there are no facts.' })
  userErrors!: UserError[]
}

@Resolver(() => HookSource)
export class HookSourceResolver {
  @Allows('hook.write')
  @Mutation(() => HookSourceCreatePayload, {
    description: 'Creates a source and answers where to send and the secret, this once. Codes: INVALID, OUT_OF_RANGE, TAKEN.',
  })
  hookSourceCreate(@Arg('input', () => HookSourceCreateInput, { description: 'The source.' }) input: HookSourceCreateInput,
    @Ctx() context: Context) {
    return answer(new HookSourceCreatePayload(), async () => {
      const { sourceId, secret, mark } = await createSource(context.actor, input)
      return { source: await context.load(sourcesById, sourceId), path: pathOf(sourceId), secret,
        mark } as Partial<HookSourceCreatePayload>
    })
  }

  @Allows('hook.write')
  @Mutation(() => HookSourceUpdatePayload, {
    description: 'Changes a source\'s mapping or state. Codes: INVALID, OUT_OF_RANGE, NOT_FOUND.',
  })
  hookSourceUpdate(@Arg('input', () => HookSourceUpdateInput, { description: 'What changes.' }) input: HookSourceUpdateInput,
    @Ctx() context: Context) {
    const sourceId = requireId('HookSource', input.sourceId, 'sourceId')
    return answer(new HookSourceUpdatePayload(), async () => {
      const { mark } = await updateSource(context.actor, { ...input, sourceId })
      return { source: await context.load(sourcesById, sourceId), mark } as Partial<HookSourceUpdatePayload>
    })
  }

  @Allows('hook.write')
  @Mutation(() => HookSecretRotatePayload, {
    description: 'Gives a source a new secret; the one before is good for a while. Codes: NOT_FOUND, OUT_OF_RANGE.',
  })
  hookSecretRotate(@Arg('input', () => HookSecretRotateInput, { description: 'Which source.' }) input: HookSecretRotateInput,
    @Ctx() context: Context) {
    const sourceId = requireId('HookSource', input.sourceId, 'sourceId')
    return answer(new HookSecretRotatePayload(), async () => {
      const { secret, mark } = await rotateSourceSecret(context.actor, { ...input, sourceId })
      return { source: await context.load(sourcesById, sourceId), secret, mark } as Partial<HookSecretRotatePayload>
    })
  }

  @Allows('hook.write')
  @Mutation(() => HookSourceDeletePayload, { description: 'Removes a source and its log; its facts stay. Codes: NOT_FOUND.' })
  hookSourceDelete(@Arg('input', () => HookSourceDeleteInput, { description: 'Which source.' }) input: HookSourceDeleteInput,
    @Ctx() { actor }: Context) {
    const sourceId = requireId('HookSource', input.sourceId, 'sourceId')
    return answer(new HookSourceDeletePayload(), async () => ({ deleted: true, ...await deleteSource(actor, sourceId) }))
  }

  @Allows('hook.write')
  @Mutation(() => HookPersonLinkPayload,
    { description: 'Says whom a source means by an id of its own. Codes: NOT_FOUND, INVALID.' })
  hookPersonLink(@Arg('input', () => HookPersonLinkInput, { description: 'Whom it means.' }) input: HookPersonLinkInput,
    @Ctx() { actor }: Context) {
    const sourceId = requireId('HookSource', input.sourceId, 'sourceId')
    const userId = optionalId('User', input.userId, 'userId')
    return answer(new HookPersonLinkPayload(), async () =>
      ({ linked: userId !== null, ...await linkPerson(actor, { ...input, sourceId, userId }) }))
  }

  @Allows('hook.read')
  @Query(() => HookSourceConnection, { description: 'The systems that send facts by hooks, oldest first.' })
  hookSources(@Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() { actor }: Context) {
    return listSources(actor, first, after)
  }

  @Allows('hook.read')
  @Query(() => HookPreview, { description: 'What a mapping would make of a message; nothing is written.' })
  async hookPreview(@Arg('mapping', () => String, { description: 'The mapping, as JSON text.' }) mapping: string,
    @Arg('sample', () => String, { description: 'A message of the source, as JSON text.' }) sample: string,
    @Arg('sourceId', () => ID, { nullable: true, description: 'The source whose ids for people count.' }) sourceId: string | null,
    @Ctx() { actor }: Context): Promise<HookPreview> {
    try {
      return { drafts: await previewed(actor, mapping, sample, optionalId('HookSource', sourceId, 'sourceId')), userErrors: [] }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return { drafts: [], userErrors: [userError(error)] }
    }
  }

  @FieldResolver(() => String, { description: 'Where it sends: a path of this server.' })
  path(@Root() { id }: SourceRow) {
    return pathOf(id)
  }

  @FieldResolver(() => String, { description: 'How its JSON becomes facts, as JSON text.' })
  mapping(@Root() { mapping }: SourceRow) {
    return JSON.stringify(mapping)
  }

  @FieldResolver(() => HookMessageConnection, { description: 'What came, the last first; kept for 30 days.' })
  messages(@Root() { id }: SourceRow,
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() { actor }: Context) {
    return listHookMessages(actor, id, first, after)
  }
}

@Resolver(() => HookMessage)
export class HookMessageResolver {
  @sized(2)
  @FieldResolver(() => [HookFlaw], { description: 'Why something was refused, at most 20.' })
  refusals(@Root() { refusals }: HookMessageRow) {
    return refusals.map(([place, code, field, message]) => ({ place, code, field, message }))
  }
}

const pathOf = (id: string) => `/hooks/${wireId('HookSource', id)}`

/** Returns what a mapping makes of a sample, with the people looked up. @throws Refusal INVALID | OUT_OF_RANGE */
async function previewed(actor: Actor, mapping: string, sample: string, sourceId: string | null): Promise<DraftPreview[]> {
  if (sample.length > LIMITS.hookBytesMax) throw new Refusal(ErrorCode.OUT_OF_RANGE, 'The sample is too long.', ['sample'])
  const checked = mappingOf(mapping)
  let body
  try {
    body = parseExactly(sample)
  } catch {
    throw new Refusal(ErrorCode.INVALID, 'sample must be JSON.', ['sample'])
  }
  const drafts = draftsOf(checked, body)
  const refs = drafts.flatMap(drafted => 'draft' in drafted && drafted.draft.fact !== 'REFUND' ? drafted.draft.person ?? [] : [])
  const people = await peopleOf(actor, sourceId, refs)
  return drafts.map((drafted, place) => ({ place, ...previewOf(drafted, people) }))
}
