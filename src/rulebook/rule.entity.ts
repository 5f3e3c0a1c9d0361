/** The rulebook as the schema shows it: what rules may read, and what a rule would have unlocked. */
import { Field, InputType, Int, ObjectType, registerEnumType } from 'type-graphql'
import { Payload, sized, UserError } from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'

export enum RuleSubject { USER = 'USER', TEAM = 'TEAM', TENANT = 'TENANT' }
registerEnumType(RuleSubject, {
  name: 'RuleSubject', description: 'Whom a rule counts for.',
  valuesConfig: {
    USER: { description: 'Each person.' }, TEAM: { description: 'Each team.' }, TENANT: { description: 'The company as one.' },
  },
})

@ObjectType({ description: 'A fact that rules may read.' })
export class RuleFact {
  @Field(() => String, { description: 'Its name, as conditions write it.' }) name!: string
  @Field(() => String, { description: 'How it is made of events, as JSON text; see the guide on rules.' }) definition!: string
  @Field(() => String, { description: 'An example of what it asks, as a sentence.' }) example!: string
}

@ObjectType({ description: 'An event type that facts may be made of.' })
export class RuleEventType {
  @Field(() => String, { description: 'Its name; that of an activity type is the type\'s key.' }) name!: string
  @Field(() => String, { description: 'Its attributes, as JSON text: name → { type, decimals, signed }.' }) attributes!: string
}

@ObjectType({ description: 'Somebody for whom a rule would have unlocked.' })
export class RulePreviewUnlock {
  @Field(() => RuleSubject, { description: 'What they are.' }) kind!: RuleSubject
  @Field(() => String, { description: 'Which occurrence: once, a period, or a step.' }) occurrence!: string
  @Field(() => Date, { description: 'When, UTC.' }) at!: Date
}

@ObjectType({ description: 'What a rule would have unlocked over the last days. Nothing is written.' })
export class RulePreview {
  @Field(() => Int, { description: 'How many days were looked at.' }) days!: number
  @Field(() => String, { description: 'What the rule asks, as a sentence.' }) requirement!: string
  @Field(() => Int, { description: 'How many unlocks.' }) count!: number
  @Field(() => Int, { description: 'Of how many people, teams, or the company.' }) subjects!: number
  @Field(() => Int, { description: 'How many events were read.' }) events!: number
  @Field(() => Boolean, {
    description: `Whether more had happened than the newest ${LIMITS.rulePreviewEvents} events, which is what was read.`,
  }) isPartial!: boolean
  @sized(LIMITS.rulePreviewSample)
  @Field(() => [RulePreviewUnlock], { description: `The newest, at most ${LIMITS.rulePreviewSample}.` })
  sample!: RulePreviewUnlock[]
}

@ObjectType({ description: 'A preview, or what is wrong with the rule.' })
export class RulePreviewAnswer {
  @Field(() => RulePreview, { nullable: true, description: 'The preview; null when the rule is refused.' }) preview?: unknown
  @Field(() => [UserError], { description: 'What to mend; empty when there is a preview.' }) userErrors!: UserError[]
}

@InputType({ description: 'A fact of the tenant\'s own.' })
export class RuleFactDefineInput {
  @Field(() => String, { description: 'Its name: 1–64 letters, digits, "_", "." and "-", a letter first.' }) name!: string
  @Field(() => String, {
    description: 'How it is made of events, as JSON text: { kind, event, where, of, window, words }; see the guide on rules.',
  }) definition!: string
}

@ObjectType({ description: 'The fact as it is now.' })
export class RuleFactDefinePayload extends Payload {
  @Field(() => RuleFact, { nullable: true, description: 'The fact; null when refused.' }) fact?: unknown
}
