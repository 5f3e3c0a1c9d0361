/** GraphQL door of API keys and screen tokens. ADMIN only; making one needs a person who signed in a short while ago. */
import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql'
import { answer, connectionOf, Context, Cursor, Payload } from '../platform/graphql.ts'
import { requireId, wireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { Allows, UserRole } from '../platform/policy.ts'
import { telling } from '../wire/auth.ts'
import { ApiKey, ScreenToken } from './credential.entity.ts'
import { listCredentials } from './credential.queries.ts'
import { createApiKey, createScreenToken, revokeApiKey, revokeScreenToken } from './credential.service.ts'

const ApiKeyConnection = connectionOf('ApiKey', () => ApiKey)
const ScreenTokenConnection = connectionOf('ScreenToken', () => ScreenToken)
const EXPIRES = 'When it ends by itself, within ten years; never when absent.'

@InputType({ description: 'A new API key.' })
class ApiKeyCreateInput {
  @Field(() => String, { description: 'What it is for, 1–200 characters.' }) name!: string
  @Field(() => UserRole, { description: 'The role whose rights it has. A program that records for everybody needs ADMIN.' })
  role!: UserRole
  @Field(() => [String], { description: 'How far they go: 1–50 actions of the policy, or "room.*" for all of a room.' })
  scopes!: string[]
  @Field(() => Date, { nullable: true, description: EXPIRES }) expiresAt?: Date | null
}
@ObjectType({ description: 'The new key and its secret.' })
class ApiKeyCreatePayload extends Payload {
  @Field(() => ApiKey, { nullable: true, description: 'The key; null when refused.' }) apiKey?: unknown
  @Field(() => String, { nullable: true, description: 'The whole key, to be sent as a bearer token. It is shown this once.' })
  secret?: string
}
@InputType({ description: 'A key to take back.' })
class ApiKeyRevokeInput {
  @Field(() => ID, { description: 'The key.' }) apiKeyId!: string
}
@ObjectType({ description: 'The key that was taken back.' })
class ApiKeyRevokePayload extends Payload {
  @Field(() => ApiKey, { nullable: true, description: 'The key; null when refused.' }) apiKey?: unknown
}
@InputType({ description: 'A new link for a screen.' })
class ScreenTokenCreateInput {
  @Field(() => String, { description: 'Where the screen hangs, 1–200 characters.' }) name!: string
  @Field(() => [ID], { description: 'The 1–25 boards that it may show; the link opens the first.' }) leaderboardIds!: string[]
  @Field(() => Date, { nullable: true, description: EXPIRES }) expiresAt?: Date | null
}
@ObjectType({ description: 'The new link.' })
class ScreenTokenCreatePayload extends Payload {
  @Field(() => ScreenToken, { nullable: true, description: 'What the link is for; null when refused.' }) screenToken?: unknown
  @Field(() => String, {
    nullable: true, description: 'What to open on this server, "/live/…#screen=…". It is shown this once; null when refused.' })
  link?: string
}
@InputType({ description: 'A link of a screen to take back.' })
class ScreenTokenRevokeInput {
  @Field(() => ID, { description: 'Which.' }) screenTokenId!: string
}
@ObjectType({ description: 'The link that was taken back.' })
class ScreenTokenRevokePayload extends Payload {
  @Field(() => ScreenToken, { nullable: true, description: 'What it was for; null when refused.' }) screenToken?: unknown
}

@Resolver(() => ApiKey)
export class ApiKeyResolver {
  @Allows('apiKey.read')
  @Query(() => ApiKeyConnection, { description: 'The tenant\'s API keys, newest first, those taken back too. ADMIN only.' })
  apiKeys(
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() { actor }: Context) {
    return listCredentials(actor, 'KEY', first, after)
  }

  @Allows('apiKey.write')
  @Mutation(() => ApiKeyCreatePayload, {
    description: 'Makes an API key. ADMIN only, after a sign-in of the last 15 minutes. Codes: INVALID, OUT_OF_RANGE.' })
  apiKeyCreate(
    @Arg('input', () => ApiKeyCreateInput, { description: 'The key.' }) input: ApiKeyCreateInput, @Ctx() { actor }: Context) {
    return answer(new ApiKeyCreatePayload(), async () => createApiKey(actor, { ...input, expiresAt: input.expiresAt ?? null }))
  }

  @Allows('apiKey.revoke')
  @Mutation(() => ApiKeyRevokePayload, {
    description: 'Takes an API key back; connections that it opened are closed. ADMIN only. Codes: NOT_FOUND.' })
  apiKeyRevoke(
    @Arg('input', () => ApiKeyRevokeInput, { description: 'Which.' }) input: ApiKeyRevokeInput, @Ctx() context: Context) {
    const apiKeyId = requireId('ApiKey', input.apiKeyId, 'apiKeyId')
    return answer(new ApiKeyRevokePayload(), () => telling(context, revokeApiKey(context.actor, apiKeyId)))
  }
}

@Resolver(() => ScreenToken)
export class ScreenTokenResolver {
  @Allows('screen.read')
  @Query(() => ScreenTokenConnection, {
    description: 'The tenant\'s links of screens, newest first, those taken back too. ADMIN only.' })
  screenTokens(
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() { actor }: Context) {
    return listCredentials(actor, 'SCREEN', first, after)
  }

  @Allows('screen.write')
  @Mutation(() => ScreenTokenCreatePayload, {
    description: 'Makes a link for a screen: it shows the boards to whoever has it, without sign-in. ADMIN only, after a sign-in '
      + 'of the last 15 minutes. Codes: INVALID, OUT_OF_RANGE, NOT_FOUND.' })
  screenTokenCreate(
    @Arg('input', () => ScreenTokenCreateInput, { description: 'The link.' }) input: ScreenTokenCreateInput,
    @Ctx() { actor }: Context) {
    const leaderboardIds = input.leaderboardIds.map(id => requireId('Leaderboard', id, 'leaderboardIds'))
    return answer(new ScreenTokenCreatePayload(), async () => {
      const { screenToken, secret, mark } = await createScreenToken(
        actor, { ...input, leaderboardIds, expiresAt: input.expiresAt ?? null })
      // In the fragment, which browsers send to nobody: no server and no proxy has it in a log.
      return { screenToken, link: `/live/${wireId('Leaderboard', leaderboardIds[0]!)}#screen=${secret}`, mark }
    })
  }

  @Allows('screen.revoke')
  @Mutation(() => ScreenTokenRevokePayload, {
    description: 'Takes a link of a screen back; screens that show it are closed. ADMIN only. Codes: NOT_FOUND.' })
  screenTokenRevoke(
    @Arg('input', () => ScreenTokenRevokeInput, { description: 'Which.' }) input: ScreenTokenRevokeInput,
    @Ctx() context: Context) {
    const screenTokenId = requireId('ScreenToken', input.screenTokenId, 'screenTokenId')
    return answer(new ScreenTokenRevokePayload(), () => telling(context, revokeScreenToken(context.actor, screenTokenId)))
  }
}
