/** GraphQL door of features. */
import { Arg, Ctx, Field, InputType, Mutation, ObjectType, Query, Resolver } from 'type-graphql'
import { fault } from '../platform/errors.ts'
import { answer, Context, Payload, sized } from '../platform/graphql.ts'
import { Allows } from '../platform/policy.ts'
import { FEATURES } from '../platform/policy.rules.ts'
import type { Controls } from './controls.ts'
import { FeatureFlag, FeatureKey } from './feature.entity.ts'
import { listFeatures } from './feature.queries.ts'
import { platformFor } from './feature.rules.ts'
import { setFeature } from './feature.service.ts'

/** What the house hands to requests of this room. */
declare module '../platform/graphql.ts' {
  interface Context { controls: Controls }
}

@InputType({ description: 'A feature to switch.' })
class FeatureFlagSetInput {
  @Field(() => String, { description: 'One of the tenant\'s platforms.' }) platform!: string
  @Field(() => FeatureKey, { description: 'The feature.' }) key!: FeatureKey
  @Field(() => Boolean, { description: 'Whether it is on from now on.' }) isOn!: boolean
}
@ObjectType({ description: 'The switched feature.' })
class FeatureFlagSetPayload extends Payload {
  @Field(() => FeatureFlag, { nullable: true, description: 'The feature as it stands; null when refused.' }) flag?: unknown
}

@Resolver(() => FeatureFlag)
export class FeatureResolver {
  @Allows('feature.read')
  @sized(FEATURES.length)
  @Query(() => [FeatureFlag], { description: 'All 10 features of a platform, on unless switched off. For every role.' })
  async featureFlags(
    @Arg('platform', () => String, { nullable: true, description: 'One of the tenant\'s; the request\'s own when absent.' })
    named: string | null, @Ctx() { actor, controls, platform: own }: Context) {
    const settings = await controls.of(actor.tenantId)
    const platform = platformFor(settings, named ?? own)
    if (platform === null) {
      throw fault('BAD_REQUEST', `platform must be one of ${settings.platforms.join(', ')}.`, { argument: 'platform' })
    }
    return listFeatures(actor, platform)
  }

  @Allows('feature.write')
  @Mutation(() => FeatureFlagSetPayload, {
    description: 'Switches a feature on or off on a platform, on every node within moments: fields answer FEATURE_DISABLED, '
      + 'streams end with it, jobs skip. ADMIN only. Codes: INVALID.',
  })
  featureFlagSet(
    @Arg('input', () => FeatureFlagSetInput, { description: 'Which, where, and on or off.' }) input: FeatureFlagSetInput,
    @Ctx() { actor, controls }: Context) {
    return answer(new FeatureFlagSetPayload(), async () => {
      const done = await setFeature(actor, input)
      controls.drop(actor.tenantId) // Whoever switched it sees it at once.
      return done
    })
  }
}
