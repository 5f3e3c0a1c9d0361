/** Feature flag: whether a tenant has a feature on, on one of its platforms. What was never switched is on (FLAG-1). */
import { Field, ObjectType, registerEnumType } from 'type-graphql'

/** The features by their names in the schema; the values are those of the policy. */
export enum FeatureKey {
  REFERRALS = 'referrals', ACHIEVEMENTS = 'achievements', LEADERBOARDS = 'leaderboards', SHOWCASE = 'showcase',
  SOCIAL_SHARING = 'social_sharing', CHALLENGES = 'challenges', STANDUPS = 'standups', PREDICTIONS = 'predictions',
  COMMISSIONS = 'commissions', PAYOUTS = 'payouts',
}
registerEnumType(FeatureKey, {
  name: 'FeatureKey', description: 'What a tenant may switch off on a platform (FLAG-2). Later versions may add values.',
  valuesConfig: {
    REFERRALS: { description: 'Referral codes and the people they bring.' },
    ACHIEVEMENTS: { description: 'What can be reached, and its badges.' },
    LEADERBOARDS: { description: 'Leaderboards, their standings, archives and streams.' },
    SHOWCASE: { description: 'Public pages of achievements.' },
    SOCIAL_SHARING: { description: 'Sharing to networks outside.' },
    CHALLENGES: { description: 'Goals with a time window.' },
    STANDUPS: { description: 'Daily and weekly rituals.' },
    PREDICTIONS: { description: 'Forecasts.' },
    COMMISSIONS: { description: 'Commissions on conversions.' },
    PAYOUTS: { description: 'Money sent to people.' },
  },
})

@ObjectType({ description: 'Whether a feature is on, on one platform of the tenant.' })
export class FeatureFlag {
  @Field(() => String, { description: 'One of the tenant\'s platforms.' }) platform!: string
  @Field(() => FeatureKey, { description: 'The feature.' }) key!: FeatureKey
  @Field(() => Boolean, { description: 'Off: its fields answer FEATURE_DISABLED, its streams end, its jobs skip.' })
  isOn!: boolean
  @Field(() => Date, { nullable: true, description: 'When it was last switched; null when it never was.' })
  changedAt?: Date | null
}
