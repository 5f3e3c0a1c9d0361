/** GraphQL door of issuers. ADMIN only; a change needs a person who signed in a short while ago. */
import { Arg, Ctx, Field, FieldResolver, ID, InputType, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql'
import { answer, connectionOf, Context, Cursor, Payload, sized } from '../platform/graphql.ts'
import { requireId, wireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { Allows, UserRole } from '../platform/policy.ts'
import { telling } from '../wire/auth.ts'
import { Issuer, IssuerKeys, IssuerRole, IssuerSubject } from './issuer.entity.ts'
import type { PublishedKeys } from './issuer.keys.ts'
import { listIssuers, type IssuerRow } from './issuer.queries.ts'
import { createIssuer, deleteIssuer, updateIssuer } from './issuer.service.ts'

/** What the house hands to requests of this room. */
declare module '../platform/graphql.ts' {
  interface Context { issuers: { isPrivateAllowed: boolean; keys: PublishedKeys } }
}

const IssuerConnection = connectionOf('Issuer', () => Issuer)
const JWKS = 'Where it publishes its keys (JWKS), such as "https://login.example.com/.well-known/jwks.json".'
const ROLE_CLAIM = 'The claim that grants roles, or its path ("realm_access.roles"); when absent the person\'s own role counts.'
const ROLES = 'Which value of that claim grants which role, at most 50; the first that a token has counts, none has no access.'
const PROVED = 'The claim that says when the person last signed in; what hands out power needs it. "auth_time" when absent.'

@InputType({ description: 'Which value of the role claim grants which role.' })
class IssuerRoleInput {
  @Field(() => String, { description: 'The value, 1–200 characters.' }) value!: string
  @Field(() => UserRole, { description: 'The role it grants.' }) role!: UserRole
}
@InputType({ description: 'A new issuer.' })
class IssuerCreateInput {
  @Field(() => String, { description: 'Its name in tokens (iss), exactly as they say it: https, up to 500 characters.' })
  url!: string
  @Field(() => String, { description: 'Whom its tokens must be for (aud): a name that it keeps for Laurel and this tenant.' })
  audience!: string
  @Field(() => String, { description: JWKS }) jwksUrl!: string
  @Field(() => String, { nullable: true, description: 'The claim that names the person; "email" when absent.' })
  subjectClaim?: string | null
  @Field(() => IssuerSubject, { nullable: true, description: 'What that claim holds; EMAIL when absent.' })
  subjectKind?: IssuerSubject | null
  @Field(() => String, { nullable: true, description: ROLE_CLAIM }) roleClaim?: string | null
  @Field(() => [IssuerRoleInput], { nullable: true, description: ROLES }) roles?: IssuerRoleInput[] | null
  @Field(() => String, { nullable: true, description: PROVED }) provedClaim?: string | null
}
@InputType({ description: 'A change of an issuer: what is absent stays. For another issuer or audience add another.' })
class IssuerUpdateInput {
  @Field(() => ID, { description: 'The issuer.' }) issuerId!: string
  @Field(() => Boolean, { nullable: true, description: 'Whether its tokens are believed.' }) active?: boolean | null
  @Field(() => String, { nullable: true, description: JWKS }) jwksUrl?: string
  @Field(() => String, { nullable: true, description: 'The claim that names the person.' }) subjectClaim?: string
  @Field(() => IssuerSubject, { nullable: true, description: 'What that claim holds.' }) subjectKind?: IssuerSubject
  @Field(() => String, { nullable: true, description: ROLE_CLAIM }) roleClaim?: string | null
  @Field(() => [IssuerRoleInput], { nullable: true, description: ROLES }) roles?: IssuerRoleInput[] | null
  @Field(() => String, { nullable: true, description: PROVED }) provedClaim?: string | null
}
@InputType({ description: 'Which issuer.' })
class IssuerDeleteInput {
  @Field(() => ID, { description: 'The issuer.' }) issuerId!: string
}
@ObjectType({ description: 'The new issuer; ask for its `keys` to see whether tokens can be checked.' })
class IssuerCreatePayload extends Payload {
  @Field(() => Issuer, { nullable: true, description: 'The issuer; null when refused.' }) issuer?: unknown
}
@ObjectType({ description: 'The changed issuer.' })
class IssuerUpdatePayload extends Payload {
  @Field(() => Issuer, { nullable: true, description: 'The issuer; null when refused.' }) issuer?: unknown
}
@ObjectType({ description: 'The removed issuer.' })
class IssuerDeletePayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'Id of the issuer that is no more; null when refused.' }) deletedId?: string
}

@Resolver(() => Issuer)
export class IssuerResolver {
  @Allows('issuer.read')
  @Query(() => IssuerConnection, { description: 'Whose tokens are believed in the tenant, oldest first. ADMIN only.' })
  issuers(
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() { actor }: Context) {
    return listIssuers(actor, first, after)
  }

  @Allows('issuer.write')
  @Mutation(() => IssuerCreatePayload, {
    description: 'Adds an issuer: its tokens sign people of the tenant in. ADMIN only, after a sign-in of the last 15 minutes. '
      + 'Codes: INVALID, OUT_OF_RANGE, TAKEN.' })
  issuerCreate(
    @Arg('input', () => IssuerCreateInput, { description: 'The issuer.' }) input: IssuerCreateInput,
    @Ctx() { actor, issuers }: Context) {
    return answer(new IssuerCreatePayload(), async () => createIssuer(actor, input, issuers.isPrivateAllowed))
  }

  @Allows('issuer.write')
  @Mutation(() => IssuerUpdatePayload, {
    description: 'Changes an issuer or switches it off; whoever it signed in is looked at again. ADMIN only, after a sign-in of '
      + 'the last 15 minutes. Codes: NOT_FOUND, INVALID.' })
  issuerUpdate(
    @Arg('input', () => IssuerUpdateInput, { description: 'What to change.' }) input: IssuerUpdateInput,
    @Ctx() context: Context) {
    const change = { ...input, issuerId: requireId('Issuer', input.issuerId, 'issuerId') }
    return answer(new IssuerUpdatePayload(), () =>
      telling(context, updateIssuer(context.actor, change, context.issuers.isPrivateAllowed)))
  }

  @Allows('issuer.write')
  @Mutation(() => IssuerDeletePayload, {
    description: 'Removes an issuer; connections of whoever it signed in are closed. ADMIN only, after a sign-in of the last 15 '
      + 'minutes. Codes: NOT_FOUND.' })
  issuerDelete(
    @Arg('input', () => IssuerDeleteInput, { description: 'Which.' }) input: IssuerDeleteInput, @Ctx() context: Context) {
    const issuerId = requireId('Issuer', input.issuerId, 'issuerId')
    return answer(new IssuerDeletePayload(), () => telling(context, deleteIssuer(context.actor, issuerId))
      .then(({ mark }) => ({ deletedId: wireId('Issuer', issuerId), mark })))
  }

  @sized(5)
  @FieldResolver(() => [IssuerRole], {
    description: 'Which value of the role claim grants which role; the first that a token has.' })
  roles(@Root() { roleValues, roleNames }: IssuerRow) {
    return roleValues.map((value, at) => ({ value, role: roleNames[at] }))
  }

  @FieldResolver(() => IssuerKeys, { description: 'The keys that it publishes, asked for now when that is due.' })
  keys(@Root() { jwksUrl }: IssuerRow, @Ctx() { issuers }: Context) {
    return issuers.keys.stateOf(jwksUrl)
  }
}
