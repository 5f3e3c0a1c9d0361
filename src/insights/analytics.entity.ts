/** Analytics: what happened in a tenant over some days; computed from what is stored, never sample figures (API-R3). */
import { Field, Int, ObjectType } from 'type-graphql'
import { LocalDate, Percent, Points, sized } from '../platform/graphql.ts'

@ObjectType({ description: 'One local day of the tenant.' })
export class AnalyticsDay {
  @Field(() => LocalDate, { description: 'The day in the tenant\'s time zone.' }) day!: string
  @Field(() => Int, { description: 'Activities that count on this day.' }) activities!: number
  @Field(() => Points, { description: 'Points earned minus reversed.' }) points!: number
  @Field(() => Int, { description: 'People with an activity.' }) activeUsers!: number
}

@ObjectType({ description: 'How many people stand at a level now.' })
export class AnalyticsLevel {
  @Field(() => Int, { description: 'Number of the level.' }) number!: number
  @Field(() => String, { description: 'Title of the level.' }) title!: string
  @Field(() => Int, { description: 'People at this level, as it was last announced.' }) people!: number
}

@ObjectType({ description: 'Figures of the last days, from the point ledger.' })
export class Analytics {
  @Field(() => LocalDate, { description: 'First day.' }) since!: string
  @Field(() => LocalDate, { description: 'Last day: today in the tenant\'s time zone.' }) until!: string
  @Field(() => Int, { description: 'People who are active in the tenant now.' }) people!: number
  @Field(() => Int, { description: 'People with an activity in these days.' }) activeUsers!: number
  @Field(() => Percent, {
    nullable: true, description: 'Of a hundred people, how many had an activity; null without people.',
  }) participation?: number | null
  @Field(() => Int, { description: 'Activities in these days, reversed ones included.' }) activities!: number
  @Field(() => Points, { description: 'Points earned minus reversed in these days.' }) points!: number
  @Field(() => [AnalyticsDay], { description: 'Every day from the first to the last, at most 366.' }) byDay!: AnalyticsDay[]
  @sized(100)
  @Field(() => [AnalyticsLevel], { description: 'The levels, ascending, at most 100.' }) levels!: AnalyticsLevel[]
}
