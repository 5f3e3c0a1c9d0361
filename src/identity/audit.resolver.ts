/** GraphQL door of the audit: for finance, compliance and admins. */
import { Arg, Ctx, Field, ID, InputType, Int, Query, Resolver } from 'type-graphql'
import { fault } from '../platform/errors.ts'
import { connectionOf, Context, Cursor } from '../platform/graphql.ts'
import { optionalId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { Allows } from '../platform/policy.ts'
import { POLICY } from '../platform/policy.rules.ts'
import { AuditDecision, AuditEntry } from './audit.entity.ts'
import { listAudit } from './audit.queries.ts'

const AuditEntryConnection = connectionOf('AuditEntry', () => AuditEntry)

@InputType({ description: 'What to search the audit for; all that is given must hold.' })
class AuditSearchInput {
  @Field(() => String, { nullable: true, description: 'An action of the policy, such as "activity.record".' })
  action?: string | null
  @Field(() => AuditDecision, { nullable: true, description: 'What became of it.' }) decision?: AuditDecision | null
  @Field(() => ID, { nullable: true, description: 'The person who asked.' }) actorId?: string | null
  @Field(() => Date, { nullable: true, description: 'From this instant on.' }) since?: Date | null
  @Field(() => Date, { nullable: true, description: 'Before this instant.' }) until?: Date | null
}

@Resolver(() => AuditEntry)
export class AuditResolver {
  @Allows('audit.read')
  @Query(() => AuditEntryConnection, {
    description: 'Who did or tried what, newest first. FINANCE, COMPLIANCE and ADMIN. Export: GET /audit.jsonl.',
  })
  auditEntries(
    @Arg('search', () => AuditSearchInput, { nullable: true, description: 'All when absent.' }) search: AuditSearchInput | null,
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() { actor }: Context) {
    if (search?.action != null && !Object.hasOwn(POLICY, search.action)) {
      throw fault('BAD_REQUEST', 'action must be an action of the policy, such as "activity.record".', { argument: 'search' })
    }
    return listAudit(actor, { ...search, actorId: optionalId('User', search?.actorId, 'search.actorId') }, first, after)
  }
}
