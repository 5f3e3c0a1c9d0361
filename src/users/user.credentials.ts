/** The people behind API keys and links of screens: who made them. */
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql'
import { ApiKey, ScreenToken } from '../credentials/credential.entity.ts'
import { Context } from '../platform/graphql.ts'
import { User } from './user.entity.ts'
import { usersById } from './user.queries.ts'

const MAKER = { nullable: true, description: 'Who made it; null for the server itself.' }
const makerOf = ({ createdBy }: { createdBy: string | null }, context: Context) =>
  createdBy ? context.load(usersById, createdBy) : null

@Resolver(() => ApiKey)
export class ApiKeyMakerResolver {
  @FieldResolver(() => User, MAKER)
  createdBy(@Root() row: { createdBy: string | null }, @Ctx() context: Context) {
    return makerOf(row, context)
  }
}

@Resolver(() => ScreenToken)
export class ScreenMakerResolver {
  @FieldResolver(() => User, MAKER)
  createdBy(@Root() row: { createdBy: string | null }, @Ctx() context: Context) {
    return makerOf(row, context)
  }
}
