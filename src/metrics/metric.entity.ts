/** Metrics and their points as the schema shows them: definitions that admins keep, and values that are only ever added. */
import { Field, ObjectType, registerEnumType } from 'type-graphql'
import { LocalDate, Node } from '../platform/graphql.ts'
import { Decimal } from '../platform/money.shapes.ts'

export enum MetricDirection { HIGHER = 'HIGHER', LOWER = 'LOWER' }
registerEnumType(MetricDirection, {
  name: 'MetricDirection', description: 'Which way of a metric is better.',
  valuesConfig: { HIGHER: { description: 'More is better.' }, LOWER: { description: 'Less is better.' } },
})

export enum MetricSubject { TENANT = 'TENANT', TEAM = 'TEAM', USER = 'USER' }
registerEnumType(MetricSubject, {
  name: 'MetricSubject', description: 'What a value was measured of.',
  valuesConfig: {
    TENANT: { description: 'The whole company.' }, TEAM: { description: 'One team.' }, USER: { description: 'One person.' },
  },
})

@ObjectType({ implements: Node, description: 'Something that is measured over time, such as client satisfaction.' })
export class Metric extends Node {
  @Field(() => String, { description: 'Stable name for programs, such as "client_satisfaction".' }) key!: string
  @Field(() => String, { description: 'Name for people.' }) name!: string
  @Field(() => String, { description: 'Unit for people: "%", "of 5", "people".' }) unit!: string
  @Field(() => MetricDirection, { description: 'Which way is better.' }) direction!: MetricDirection
  @Field(() => Decimal, { nullable: true, description: 'No value lies below; null when unbounded.' }) lowest?: string | null
  @Field(() => Decimal, { nullable: true, description: 'No value lies above; null when unbounded.' }) highest?: string | null
  @Field(() => Boolean, { description: 'Whether values may be recorded.' }) active!: boolean
  @Field(() => Boolean, { description: 'Whether it came with the template pack.' }) predefined!: boolean
}

@ObjectType({ implements: Node, description: 'A value at an instant. A correction is another point of the same instant.' })
export class MetricPoint extends Node {
  @Field(() => Decimal, { nullable: true, description: 'The value; null says that there is none at this instant after all.' })
  value?: string | null
  @Field(() => Date, { description: 'When it was measured, UTC.' }) at!: Date
  @Field(() => Date, { description: 'When it was recorded, UTC.' }) recordedAt!: Date
  @Field(() => MetricSubject, { description: 'What it was measured of.' }) subjectKind!: MetricSubject
  @Field(() => Boolean, { description: 'Whether later values are compared with it.' }) baseline!: boolean
  @Field(() => Boolean, { description: 'Whether a later point of the same instant counts in its place.' }) superseded!: boolean
  @Field(() => String, { nullable: true, description: 'The system it came from.' }) source?: string | null
  @Field(() => String, { nullable: true, description: 'Its id in that system.' }) sourceId?: string | null
  @Field(() => String, { nullable: true, description: 'Free text, at most 500 characters.' }) note?: string | null
}

@ObjectType({ description: 'The values of one local day; days without any are left out.' })
export class MetricDay {
  @Field(() => LocalDate, { description: 'The day in the tenant\'s zone.' }) day!: string
  @Field(() => Decimal, { description: 'The last value of the day.' }) value!: string
  @Field(() => Decimal, { description: 'The mean of the day\'s values, rounded half-even to six digits.' }) average!: string
}

@ObjectType({ description: 'The values that later ones are compared with (METRIC-13).' })
export class MetricBaseline {
  @Field(() => Decimal, { description: 'Their mean, rounded half-even to six digits.' }) value!: string
  @Field(() => Decimal, {
    nullable: true,
    description: 'The latest value\'s distance from it, in percent of it with two digits; null when the baseline is zero.',
  }) changePercent?: string | null
}
