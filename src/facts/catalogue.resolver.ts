/** GraphQL door of the catalogue of facts: what rules, challenges and boards may read. */
import { Field, ObjectType, Query, registerEnumType, Resolver } from 'type-graphql'
import { sized } from '../platform/graphql.ts'
import { Allows } from '../platform/policy.ts'
import { CATALOGUE } from './catalogue.rules.ts'

enum FactAggregation {
  COUNT = 'COUNT', SUM = 'SUM', AVERAGE = 'AVERAGE', LAST = 'LAST', STREAK = 'STREAK', WINDOW = 'WINDOW', RANK = 'RANK',
  LEVEL = 'LEVEL', ATTRIBUTE = 'ATTRIBUTE',
}
registerEnumType(FactAggregation, {
  name: 'FactAggregation', description: 'How a fact may be summed up.',
  valuesConfig: {
    COUNT: { description: 'How many.' }, SUM: { description: 'Their sum.' },
      AVERAGE: { description: 'Their mean, with a smallest sample.' },
    LAST: { description: 'The value of now.' }, STREAK: { description: 'Days in a row.' },
    WINDOW: { description: 'Within a day, week, month, quarter, or the last days.' },
      RANK: { description: 'A place on a board.' },
    LEVEL: { description: 'A level.' }, ATTRIBUTE: { description: 'What a person is, compared as it is.' },
  },
})

enum FactType {
  INTEGER = 'INTEGER', DECIMAL = 'DECIMAL', MONEY = 'MONEY', TEXT = 'TEXT', DATE = 'DATE', BOOLEAN = 'BOOLEAN',
}
registerEnumType(FactType, {
  name: 'FactType', description: 'What a fact\'s value is.',
  valuesConfig: {
    INTEGER: { description: 'A whole number.' }, DECIMAL: { description: 'An exact decimal number.' },
    MONEY: { description: 'An exact amount in minor units of a currency.' }, TEXT: { description: 'A word of a list.' },
    DATE: { description: 'An instant.' }, BOOLEAN: { description: 'Yes or no.' },
  },
})

enum FactSource {
  ACTIVITIES = 'ACTIVITIES', POINTS = 'POINTS', REVENUE = 'REVENUE', METRICS = 'METRICS', RANKS = 'RANKS', PEOPLE = 'PEOPLE',
}
registerEnumType(FactSource, {
  name: 'FactSource', description: 'Where a fact comes from.',
  valuesConfig: {
    ACTIVITIES: { description: 'Activities that were recorded.' }, POINTS: { description: 'The point ledger.' },
    REVENUE: { description: 'Revenue facts.' }, METRICS: { description: 'Metrics over time.' },
      RANKS: { description: 'Leaderboards.' },
    PEOPLE: { description: 'What a person is.' },
  },
})

enum FactSubject { USER = 'USER', TEAM = 'TEAM', TENANT = 'TENANT' }
registerEnumType(FactSubject, {
  name: 'FactSubject', description: 'Whose fact it may be.',
  valuesConfig: { USER: { description: 'A person.' }, TEAM: { description: 'A team.' }, TENANT: { description: 'The company.' } },
})

@ObjectType({ description: 'What a fact is narrowed by, by equality.' })
class FactParameter {
  @Field(() => String, { description: 'Its name.' }) name!: string
  @Field(() => String, { description: 'Where its values are listed.' }) of!: string
  @Field(() => Boolean, { description: 'Whether it must be given.' }) required!: boolean
}

@ObjectType({ description: 'One fact that rules, challenges and boards may read.' })
class CatalogueFact {
  @Field(() => String, { description: 'Its name, such as "revenue".' }) name!: string
  @Field(() => FactSource, { description: 'Where it comes from.' }) source!: FactSource
  @Field(() => FactType, { description: 'What its value is.' }) type!: FactType
  @Field(() => String, { description: 'Its unit for people; empty where there is none.' }) unit!: string
  @Field(() => String, { description: 'What it says.' }) description!: string
  @Field(() => [FactAggregation], { description: 'How it may be summed up.' }) aggregations!: FactAggregation[]
  @Field(() => [FactSubject], { description: 'Whose it may be.' }) subjects!: FactSubject[]
  @sized(5) @Field(() => [FactParameter], { description: 'What it is narrowed by: at most five.' }) parameters!: FactParameter[]
}

@Resolver(() => CatalogueFact)
export class CatalogueResolver {
  @sized(CATALOGUE.length)
  @Allows('fact.read')
  @Query(() => [CatalogueFact], { description: 'The closed list of what rules, challenges and boards may read, by name.' })
  factCatalogue() {
    return CATALOGUE
  }
}
