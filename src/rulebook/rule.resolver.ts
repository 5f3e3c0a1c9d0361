/** GraphQL door of the rulebook: shapes in, shapes out, no decisions. */
import { Arg, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root } from 'type-graphql'
import { Refusal } from '../platform/errors.ts'
import {
  answer, connectionOf, Context, Cursor, decodeCursor, encodeCursor, pageOf, pageSize, userError,
} from '../platform/graphql.ts'
import { LIMITS } from '../platform/limits.ts'
import { Allows } from '../platform/policy.ts'
import { type Actor, inTenantBatch } from '../platform/tenancy.ts'
import { requirementOf } from '../rules/explanation.rules.ts'
import type { Catalog } from '../rules/fact.rules.ts'
import { Team } from '../users/team.entity.ts'
import { User } from '../users/user.entity.ts'
import { teamsById, usersById } from '../users/user.queries.ts'
import { previewRule } from './preview.service.ts'
import {
  RuleEventType, RuleFact, RuleFactDefineInput, RuleFactDefinePayload, RulePreviewAnswer, RulePreviewUnlock,
} from './rule.entity.ts'
import { catalogOf } from './rule.queries.ts'
import { defineFact, parsedJson } from './rule.service.ts'

const RuleFactConnection = connectionOf('RuleFact', () => RuleFact)
const RuleEventTypeConnection = connectionOf('RuleEventType', () => RuleEventType)

const readCatalog = ({ actor }: Context): Promise<Catalog> =>
  inTenantBatch(actor, ({ run }) => catalogOf(actor.tenantId, run))

function shownFact(name: string, catalog: Catalog) {
  const definition = catalog.facts.get(name)!
  const example = requirementOf({ version: 1, subject: 'USER', when: { kind: 'cmp', fact: name, op: 'gte', value: 10 } }, catalog)
  return { name, definition: JSON.stringify(definition), example }
}

function pageByName<Row extends { name: string }>(
  list: string, names: Iterable<string>, shown: (name: string) => Row, first: number, after: string | null,
) {
  const size = pageSize(first)
  const [from] = after ? decodeCursor(list, after, ['string']) : ['']
  const wanted = [...names].filter(name => name > from).sort().slice(0, size + 1)
  return pageOf(wanted.map(shown), size, ({ name }) => encodeCursor(list, [name]), after)
}

@Resolver(() => RuleFact)
export class RuleResolver {
  @Allows('rule.read')
  @Query(() => RuleFactConnection, { description: 'What rules may read, by name: facts of every tenant\'s and of one\'s own.' })
  async ruleFacts(
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() context: Context) {
    const catalog = await readCatalog(context)
    return pageByName('ruleFacts', catalog.facts.keys(), name => shownFact(name, catalog), first, after)
  }

  @Allows('rule.read')
  @Query(() => RuleEventTypeConnection, { description: 'What facts may be made of, by name.' })
  async ruleEventTypes(
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() context: Context) {
    const { events } = await readCatalog(context)
    const shown = (name: string) => ({ name, attributes: JSON.stringify(events.get(name)) })
    return pageByName('ruleEventTypes', events.keys(), shown, first, after)
  }

  @Allows('rule.write')
  @Mutation(() => RuleFactDefinePayload, {
    description: 'Defines a fact of the tenant\'s own; one that rules read already stays as it is. Codes: INVALID, TAKEN.',
  })
  ruleFactDefine(@Arg('input', () => RuleFactDefineInput, { description: 'The fact.' }) input: RuleFactDefineInput,
    @Ctx() context: Context) {
    return answer(new RuleFactDefinePayload(), async () => {
      const { mark } = await defineFact(context.actor, input.name, parsedJson(input.definition, 'definition'))
      return { fact: shownFact(input.name, await readCatalog(context)), mark } as Partial<RuleFactDefinePayload>
    })
  }

  @Allows('rule.write')
  @Query(() => RulePreviewAnswer, {
    description: 'What a rule would have unlocked over the last days, from all that has happened. Nothing is written.',
  })
  rulePreview(@Arg('rule', () => String, { description: 'The rule as JSON text; see the guide on rules.' }) rule: string,
    @Arg('days', () => Int, { defaultValue: 30, description: `How many days, 1–${LIMITS.analyticsDaysMax}.` }) days: number,
    @Ctx() { actor }: Context) {
    return previewAnswer(actor, rule, days)
  }
}

/** Returns a preview of a rule in JSON text, or why it is refused, as the schema shows them. */
async function previewAnswer(actor: Actor, rule: string, days: number) {
  try {
    return { preview: await previewRule(actor, parsedJson(rule, 'rule'), days), userErrors: [] }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { preview: null, userErrors: [userError(error)] }
  }
}

@Resolver(() => RulePreviewUnlock)
export class RulePreviewResolver {
  @FieldResolver(() => User, { nullable: true, description: 'The person, for rules of people.' })
  user(@Root() { kind, subjectId }: { kind: string; subjectId: string }, @Ctx() context: Context) {
    return kind === 'USER' ? context.load(usersById, subjectId) : null
  }

  @FieldResolver(() => Team, { nullable: true, description: 'The team, for rules of teams.' })
  team(@Root() { kind, subjectId }: { kind: string; subjectId: string }, @Ctx() context: Context) {
    return kind === 'TEAM' ? context.load(teamsById, subjectId) : null
  }

  @FieldResolver(() => Date)
  at(@Root() { atMs }: { atMs: number }) {
    return new Date(atMs)
  }
}
