/**
 * Leaderboard: a question (metric, subject, scope, period) whose answer is a projection; its closed periods are archived
 * and never change.
 */
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'
import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql'
import { LocalDate, Node, Points } from '../platform/graphql.ts'
import { Decimal } from '../platform/money.shapes.ts'

export enum LeaderboardMetric { POINTS = 'POINTS', GROWTH = 'GROWTH', ENGAGEMENT = 'ENGAGEMENT' }
export enum LeaderboardSubject { USER = 'USER', TEAM = 'TEAM', DEPARTMENT = 'DEPARTMENT', TENANT = 'TENANT' }
export enum Visibility { PUBLIC = 'PUBLIC', PRIVATE = 'PRIVATE', OPT_IN = 'OPT_IN' }
export enum HeadRule { SUM = 'SUM', AVERAGE = 'AVERAGE' }
export enum LeaderboardScope { TENANT = 'TENANT', CUSTOM = 'CUSTOM' }
export enum LeaderboardPeriod { DAILY = 'DAILY', WEEKLY = 'WEEKLY', MONTHLY = 'MONTHLY', ALL_TIME = 'ALL_TIME' }
export enum TieRule { COMPETITION = 'COMPETITION', DENSE = 'DENSE', ORDINAL = 'ORDINAL' }
registerEnumType(LeaderboardMetric, {
  name: 'LeaderboardMetric', description: 'What is counted.',
  valuesConfig: {
    POINTS: { description: 'Performance: points in the period.' },
    GROWTH: {
      description: 'Points in the period over the previous one: (this − previous) / max(previous, `growthFloor`). '
        + 'Listed once there are points in this period; not for ALL_TIME.',
    },
    ENGAGEMENT: {
      description: 'Days with an activity that was not taken back, then the number of such activities; of a team, the days of '
        + 'its people added up.',
    },
  },
})
registerEnumType(Visibility, {
  name: 'LeaderboardVisibility', description: 'Who sees a board, and who is listed on it.',
  valuesConfig: {
    PUBLIC: { description: 'Everybody sees it; everybody is listed who does not object.' },
    PRIVATE: { description: 'ADMIN and MANAGER see it, and screens that were given it; for others it does not exist.' },
    OPT_IN: { description: 'Everybody sees it; a board of people lists those who have agreed.' },
  },
})
registerEnumType(HeadRule, {
  name: 'HeadRule', description: 'How the points of a team or department are put together.',
  valuesConfig: {
    SUM: { description: 'Added up.' },
    AVERAGE: { description: 'Divided by the active people whose primary team it is now; at a close, by those of then.' },
  },
})
registerEnumType(LeaderboardSubject, {
  name: 'LeaderboardSubject', description: 'Who is ranked.',
  valuesConfig: {
    USER: { description: 'People.' },
    TEAM: { description: 'Teams, by the points of their people while they were in them.' },
    DEPARTMENT: { description: 'Departments, likewise.' },
    TENANT: { description: 'The company as a whole: one row, to follow over time.' },
  },
})
registerEnumType(LeaderboardScope, {
  name: 'LeaderboardScope', description: 'How wide a board reaches.',
  valuesConfig: {
    TENANT: { description: 'Everybody in the tenant.' },
    CUSTOM: { description: 'A list of subjects.' },
  },
})
registerEnumType(LeaderboardPeriod, {
  name: 'LeaderboardPeriod', description: 'Calendar period in the tenant\'s time zone.',
  valuesConfig: {
    DAILY: { description: 'From midnight to midnight.' },
    WEEKLY: { description: 'From Monday.' },
    MONTHLY: { description: 'From the first of the month.' },
    ALL_TIME: { description: 'Without an end; never archived.' },
  },
})
registerEnumType(TieRule, {
  name: 'TieRule', description: 'How ties are ranked.',
  valuesConfig: {
    COMPETITION: { description: '1-2-2-4: a tie shares the better rank and the next ranks stay empty.' },
    DENSE: { description: '1-2-2-3: a tie shares a rank and none stays empty.' },
    ORDINAL: { description: '1-2-3-4: whoever had the points first stands higher.' },
  },
})

@Entity({ tableName: 'leaderboard' })
@ObjectType({ implements: Node, description: 'A ranking that follows every commit.' })
export class Leaderboard extends Node {
  @PrimaryKey({ type: 'uuid' }) declare id: string
  @Property({ type: 'uuid', fieldName: 'tenant_id' }) tenantId!: string
  @Property({ type: 'text' }) @Field(() => String, { description: 'Name for people.' }) name!: string
  @Property({ type: 'text' }) @Field(() => LeaderboardMetric, { description: 'What is counted.' }) metric!: LeaderboardMetric
  @Property({ type: 'text' }) @Field(() => LeaderboardSubject, { description: 'Who is ranked.' }) subject!: LeaderboardSubject
  @Property({ type: 'text' }) @Field(() => LeaderboardScope, { description: 'Everybody, or a list.' }) scope!: LeaderboardScope
  @Property({ type: 'uuid[]', columnType: 'uuid[]', fieldName: 'subject_ids', nullable: true }) subjectIds!: string[] | null
  @Property({ type: 'text' })
  @Field(() => LeaderboardPeriod, { description: 'Over which period points are summed.' }) period!: LeaderboardPeriod
  @Property({ type: 'text', fieldName: 'tie_rule' })
  @Field(() => TieRule, { description: 'How ties are ranked.' }) tieRule!: TieRule
  @Property({ type: 'text', fieldName: 'head_rule' })
  @Field(() => HeadRule, { description: 'How points of teams and departments are put together; SUM on others.' })
  headRule!: HeadRule
  @Property({ type: 'bigint', fieldName: 'growth_floor' })
  @Field(() => Points, { description: 'The least that growth is divided by, so that small beginnings do not outgrow all.' })
  growthFloor!: number
  @Property({ type: 'integer', fieldName: 'list_max', nullable: true })
  @Field(() => Int, {
    nullable: true,
    description: 'How many places are listed; null lists all. Everybody is ranked, and one\'s own row is always answered (A-36).',
  }) listMax!: number | null
  @Property({ type: 'text' }) @Field(() => Visibility, { description: 'Who sees it, and who is listed.' }) visibility!: Visibility
  @Property({ type: 'timestamptz', fieldName: 'created_at' }) createdAt!: Date
  @Property({ type: 'date', fieldName: 'archived_from' }) archivedFrom!: string
}

/** What standings and rank changes show beside points, by the board's metric. */
@ObjectType({ description: 'What a board shows of a subject.' })
export abstract class MeasuredFields {
  @Field(() => String, {
    nullable: true, description: 'The name of a person who stands here by another one; `user` is null then.',
  }) pseudonym?: string | null
  @Field(() => Points, { description: 'Points in the period.' }) points!: number
  @Field(() => Int, {
    nullable: true, description: 'On a board of GROWTH, growth in basis points (10,000 = 100 %), rounded half up; else null.',
  }) growthBp?: number | null
  @Field(() => Boolean, {
    nullable: true, description: 'On a board of GROWTH, whether there was nothing in the previous period; else null.',
  }) isNew?: boolean | null
  @Field(() => Int, { nullable: true, description: 'On a board of ENGAGEMENT, days with an activity; else null.' })
  daysActive?: number | null
  @Field(() => Int, { nullable: true, description: 'On a board of ENGAGEMENT, activities that were not taken back; else null.' })
  actions?: number | null
  @Field(() => Decimal, {
    nullable: true, description: 'On a board of averages, points per head with three places, rounded half up; else null.',
  }) averagePoints?: string | null
}

@ObjectType({ description: 'One subject\'s row on a board. Of user, team and department only the board\'s own kind is set.' })
export class Standing extends MeasuredFields {
  @Field(() => ID, { description: 'Id of the ranked user, team or department; of who stands by a pseudonym, another one.' })
  subjectId!: string
  @Field(() => Int, { description: 'Rank by the board\'s tie rule, from 1.' }) rank!: number
  @Field(() => Int, {
    nullable: true, description: 'Rank before the last change of rank that this node has seen; null when there was none.',
  }) previousRank?: number | null
  @Field(() => Int, {
    nullable: true, description: 'Rank when the previous period closed; null for newcomers and while that period is open.',
  }) closeRank?: number | null
}

@ObjectType({ implements: Node, description: 'A closed period of a board. It never changes.' })
export class LeaderboardArchive extends Node {
  @Field(() => LocalDate, { description: 'First day of the period.' }) periodStart!: string
  @Field(() => Date, { description: 'When it was archived.' }) closedAt!: Date
  @Field(() => Int, { description: 'How many subjects were ranked.' }) size!: number
}
