/** The list of resolvers: the house's index of nouns, and the schema made of it. */
import { GraphQLObjectType, type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql'
import { buildSchema } from 'type-graphql'
import { ActivityResolver, ActivityTypeResolver } from './activities/activity.resolver.ts'
import './activities/activity.feed.ts'
import './activities/activity.webhooks.ts'
import { BadgeFeedResolver } from './badges/badge.feed.ts'
import { BadgeResolver, EarnedBadgeResolver, UserBadgesResolver } from './badges/badge.resolver.ts'
import './badges/badge.webhooks.ts'
import './challenges/challenge.webhooks.ts'
import { ChallengeFeedResolver } from './challenges/challenge.feed.ts'
import { ChallengeResolver } from './challenges/challenge.resolver.ts'
import {
  ChallengeDeltaResolver, ChallengeEnrollmentResolver, ChallengeMeasureResolver, ChallengeSnapshotResolver,
    ChallengeStandingResolver,
  ChallengeTierResolver,
} from './challenges/standing.resolver.ts'
import {
  ChallengeCorrectionResolver, ChallengeEndResolver, ChallengeGrantResolver, ChallengeResultResolver, ChallengeSettlementResolver,
  DepartmentPrizesResolver, TeamPrizesResolver,
} from './prizes/prize.resolver.ts'
import './prizes/prize.feed.ts'
import './prizes/prize.webhooks.ts'
import { FeatureResolver } from './controls/feature.resolver.ts'
import { StandardResolver } from './controls/standard.resolver.ts'
import { ApiKeyResolver, ScreenTokenResolver } from './credentials/credential.resolver.ts'
import { EvidenceResolver } from './evidence/control.resolver.ts'
import { CatalogueResolver } from './facts/catalogue.resolver.ts'
import { RevenueResolver } from './facts/revenue.resolver.ts'
import './facts/revenue.webhooks.ts'
import { FeedResolver } from './feed/feed.resolver.ts'
import { AuditResolver } from './identity/audit.resolver.ts'
import { IssuerResolver } from './identity/issuer.resolver.ts'
import { AnalyticsResolver } from './insights/analytics.resolver.ts'
import { analyticsRoute } from './insights/analytics.rest.ts'
import { leaderboardRoute } from './leaderboards/leaderboard.rest.ts'
import { ArchiveResolver, LeaderboardResolver, ScreenBoardsResolver } from './leaderboards/leaderboard.resolver.ts'
import { BoostResolver } from './boosts/boost.resolver.ts'
import { StreakResolver } from './streaks/streak.resolver.ts'
import { ListingResolver } from './listings/listing.resolver.ts'
import { DeltaResolver, RankChangeResolver, StandingResolver, UserStandingResolver } from './leaderboards/standing.resolver.ts'
import { RevenueFiguresResolver } from './metrics/figure.resolver.ts'
import { MetricPointResolver, MetricResolver } from './metrics/metric.resolver.ts'
import './metrics/metric.webhooks.ts'
import { DateTime } from './platform/graphql.ts'
import { type Kind, wireId } from './platform/ids.ts'
import { guardRoots } from './platform/policy.ts'
import { bindDirectly } from './plans/direct.ts'
import { BenefitResolver, UserBenefitsResolver } from './points/benefit.resolver.ts'
import { PointFeedResolver } from './points/point.feed.ts'
import { PointResolver } from './points/point.resolver.ts'
import './points/point.webhooks.ts'
import { RecognitionFlagResolver } from './recognition/flag.resolver.ts'
import { RecognitionFeedResolver } from './recognition/recognition.feed.ts'
import {
  RecognitionReactionResolver, RecognitionResolver, UserRecognitionResolver, ViewerRecognitionResolver,
} from './recognition/recognition.resolver.ts'
import './recognition/recognition.webhooks.ts'
import './rulebook/activity.source.ts'
import './rulebook/point.source.ts'
import './rulebook/revenue.source.ts'
import { RulePreviewResolver, RuleResolver } from './rulebook/rule.resolver.ts'
import './skills/skill.feed.ts'
import {
  SkillClaimResolver, SkillMilestoneResolver, SkillPathResolver, UserSkillsResolver,
} from './skills/skill.resolver.ts'
import './skills/skill.webhooks.ts'
import { HookMessageResolver, HookSourceResolver } from './sources/source.resolver.ts'
import { FactImportResolver, ImportLineErrorResolver } from './imports/import.resolver.ts'
import { AuditPeopleResolver, DeclarationPeopleResolver, WithdrawalPeopleResolver } from './users/user.audit.ts'
import { ApiKeyMakerResolver, ScreenMakerResolver } from './users/user.credentials.ts'
import { DepartmentResolver, TeamResolver, UserResolver } from './users/user.resolver.ts'
import { WebhookEndpointResolver, WebhookMessageResolver } from './webhooks/endpoint.resolver.ts'

const RESOLVERS = [
  FeatureResolver, StandardResolver, EvidenceResolver, AuditResolver, AuditPeopleResolver, DeclarationPeopleResolver,
  WithdrawalPeopleResolver, UserResolver, TeamResolver, DepartmentResolver, FeedResolver,
  WebhookEndpointResolver, WebhookMessageResolver, PointResolver, PointFeedResolver, ActivityResolver, ActivityTypeResolver,
  RevenueResolver,
  BenefitResolver, UserBenefitsResolver,
  CatalogueResolver, MetricResolver, MetricPointResolver, RevenueFiguresResolver, HookSourceResolver, HookMessageResolver,
  FactImportResolver, ImportLineErrorResolver,
  StreakResolver, BoostResolver,
  LeaderboardResolver, ArchiveResolver, StandingResolver, UserStandingResolver, RankChangeResolver, DeltaResolver,
  ListingResolver,
  BadgeResolver, EarnedBadgeResolver, UserBadgesResolver, BadgeFeedResolver,
  RecognitionResolver, RecognitionReactionResolver, RecognitionFlagResolver, UserRecognitionResolver,
  ViewerRecognitionResolver, RecognitionFeedResolver,
  ChallengeResolver, ChallengeStandingResolver, ChallengeEnrollmentResolver, ChallengeSnapshotResolver, ChallengeDeltaResolver,
  ChallengeMeasureResolver, ChallengeTierResolver, ChallengeFeedResolver,
  RuleResolver, RulePreviewResolver,
  SkillPathResolver, SkillMilestoneResolver, SkillClaimResolver, UserSkillsResolver,
  ChallengeEndResolver, ChallengeSettlementResolver, ChallengeResultResolver, ChallengeCorrectionResolver, ChallengeGrantResolver,
  TeamPrizesResolver, DepartmentPrizesResolver,
  AnalyticsResolver,
  IssuerResolver, ApiKeyResolver, ApiKeyMakerResolver, ScreenTokenResolver, ScreenMakerResolver, ScreenBoardsResolver,
] as const

/** The REST aliases of all rooms. */
export const ROUTES = [leaderboardRoute, analyticsRoute] as const

/** Returns the schema without its guard: no policy is asked and nothing is audited. For measuring what those cost. */
export async function bareSchema(): Promise<GraphQLSchema> {
  const schema = await buildSchema({
    resolvers: RESOLVERS as unknown as [Function], validate: false, scalarsMap: [{ type: Date, scalar: DateTime }],
    // Streams bring their own iterables; this satisfies the builder and is never asked.
    pubSub: { publish: () => {}, subscribe: () => { throw new Error('streams do not use pubSub') } },
  })
  bindDirectly(schema)
  for (const type of Object.values(schema.getTypeMap())) {
    if (!(type instanceof GraphQLObjectType) || !type.getInterfaces().some(({ name }) => name === 'Node')) continue
    type.getFields().id!.resolve = (row: { id: string }) => wireId(type.name as Kind, row.id)
  }
  return schema
}

/** Returns the executable schema. Every node's `id` leaves the house in its wire form; every root field asks the policy. */
export async function makeSchema(): Promise<GraphQLSchema> {
  const schema = await bareSchema()
  guardRoots(schema)
  return schema
}

/** Returns the schema's text, sorted, as `schema.graphql` holds it. */
export function schemaText(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`
}
