/**
 * rules: the cost of an event with 6,000 rules over that with 60, where an event is read by the same five rules in both; and
 * beside it a plain SQL trigger in PostgreSQL that does the same for five rules. Who unlocks what is compared before anything
 * is timed.
 */
import { Client } from 'pg'
import { RuleEngine } from '../src/rules/engine.rules.ts'
import type { KeyedRule } from '../src/rules/unlock.rules.ts'
import type { Catalog, EventDefinition, FactDefinition, RuleEvent } from '../src/rules/fact.rules.ts'
import { median } from './figures.ts'
import { startThrowawayPostgres } from './services.ts'

const FEW_TYPES = 12 // 60 rules: five read an event of their type.
const MANY_TYPES = 1_200 // 6,000 rules.
const USERS = 40
const ROUNDS = 7
const START_MS = Date.parse('2026-03-02T06:00:00Z')
const STEP_MS = 20_000 // Events lie 20 s apart: 4,320 a day.

type Goals = readonly [count: number, countToo: number, sum: number, days: number, month: number]
const REACHED: Goals = [10, 1_000_000, 500, 3, 25] // What is compared with the trigger.
const OPEN: Goals = [10, 1_000_000, 1e9, 8, 1_000_000] // What is timed: four of five stay open, which is the costly case.

/** Five rules for one event type: two counts, a sum, days in a week, a month. */
function rulesOf(type: string, goals: Goals): { facts: [string, FactDefinition][]; rules: KeyedRule[] } {
  const words = { one: 'thing', many: 'things' }
  const facts: [string, FactDefinition][] = [
    [`${type}.count`, { kind: 'count', event: type, words }], [`${type}.sum`, { kind: 'sum', event: type, of: 'amount', words }],
    [`${type}.days`, { kind: 'periods', event: type, unit: 'DAY', window: { lastDays: 7 }, words }],
    [`${type}.month`, { kind: 'count', event: type, window: 'MONTH', words }],
  ]
  const rules = ['count', 'count', 'sum', 'days', 'month'].map((fact, at): KeyedRule => ({
    key: `${type}.${at}`,
    rule: { version: 1, subject: 'USER', when: { kind: 'cmp', fact: `${type}.${fact}`, op: 'gte', value: goals[at]! } },
  }))
  return { facts, rules }
}

function engineOf(types: number, goals: Goals): RuleEngine {
  const made = Array.from({ length: types }, (_, at) => rulesOf(`type${at}`, goals))
  const events = new Map<string, EventDefinition>(made.map((_, at) => [`type${at}`, { amount: { type: 'number' } }]))
  const catalog: Catalog = { events, facts: new Map(made.flatMap(({ facts }) => facts)) }
  return new RuleEngine({ catalog, rules: made.flatMap(({ rules }) => rules), zone: 'UTC' })
}

/** Returns events of `types` types, the same for the same `from`. */
function eventsOf(count: number, types: number, from: number): RuleEvent[] {
  return Array.from({ length: count }, (_, at): RuleEvent => {
    const number = from + at
    const mixed = Math.imul(number, 2_654_435_761) >>> 0
    return {
      id: `e${number}`, type: `type${mixed % types}`, atMs: START_MS + number * STEP_MS, teamId: null, zone: null,
      userId: `user${Math.floor(mixed / 65_536) % USERS}`, attributes: { amount: 1 + mixed % 50 },
    }
  })
}

/** Applies the events and returns the CPU seconds and the unlocks, told as "user rule". */
function timeOf(engine: RuleEngine, events: readonly RuleEvent[]): { seconds: number; unlocks: string[] } {
  const unlocks: string[] = []
  const cpu = process.cpuUsage()
  for (const event of events) {
    for (const { subjectId, rule } of engine.apply(event, event.atMs).unlocked) unlocks.push(`${subjectId} ${rule}`)
  }
  const { user, system } = process.cpuUsage(cpu)
  return { seconds: (user + system) / 1e6, unlocks }
}

/** The same five rules by a trigger: one counter row a user, one a user and day, and a row for each unlock. */
const TRIGGER = `
create table event (id bigint primary key, user_id text not null, amount int not null, at timestamptz not null);
create table tally (user_id text primary key, n bigint not null, amount bigint not null);
create table tally_day (user_id text, day date, n bigint not null, primary key (user_id, day));
create table unlock (user_id text, rule text, primary key (user_id, rule));
create function judge() returns trigger language plpgsql as $$
declare
  of_all tally; today date := (new.at at time zone 'UTC')::date; days int; of_month bigint;
begin
  insert into tally values (new.user_id, 1, new.amount)
    on conflict (user_id) do update set n = tally.n + 1, amount = tally.amount + excluded.amount returning * into of_all;
  insert into tally_day values (new.user_id, today, 1) on conflict (user_id, day) do update set n = tally_day.n + 1;
  select count(*) into days from tally_day where user_id = new.user_id and day > today - 7 and day <= today;
  select sum(n) into of_month from tally_day
    where user_id = new.user_id and day >= date_trunc('month', today)::date and day <= today;
  insert into unlock select new.user_id, 'type0.' || rule from (values
    (0, of_all.n >= 10), (1, of_all.n >= 1000000), (2, of_all.amount >= 500), (3, days >= 3), (4, of_month >= 25)
  ) as v (rule, holds) where holds on conflict do nothing;
  return null;
end $$;
create trigger judged after insert on event for each row execute function judge();`

/** Returns the events a second of the trigger, one transaction an event and 1,000 at a time, and its unlocks. */
async function triggerOf(events: readonly RuleEvent[], singles: number, progress: (line: string) => void) {
  await using postgres = await startThrowawayPostgres(progress)
  const client = new Client(postgres.config)
  await client.connect()
  try {
    await client.query(TRIGGER)
    const columns = (list: readonly RuleEvent[]) => [
      list.map(({ id }) => id.slice(1)), list.map(({ userId }) => userId), list.map(({ attributes }) => attributes.amount),
      list.map(({ atMs }) => new Date(atMs)),
    ]
    const insert = (list: readonly RuleEvent[]) => client.query({
      name: 'insert', text: 'insert into event select * from unnest($1::bigint[], $2::text[], $3::int[], $4::timestamptz[])',
      values: columns(list),
    })
    let begun = performance.now()
    for (const event of events.slice(0, singles)) await insert([event])
    const single = singles / (performance.now() - begun) * 1_000
    begun = performance.now()
    for (let at = singles; at < events.length; at += 1_000) await insert(events.slice(at, at + 1_000))
    const batch = (events.length - singles) / (performance.now() - begun) * 1_000
    const { rows } = await client.query<{ told: string }>(`select user_id || ' ' || rule as told from unlock`)
    return { single, batch, unlocks: rows.map(({ told }) => told), version: postgres.version }
  } finally {
    await client.end()
  }
}


/** @throws Error when the two tell other unlocks */
function checkSame(what: string, one: readonly string[], other: readonly string[]): void {
  if (!one.length || one.toSorted().join() !== other.toSorted().join()) throw new Error(`${what} unlock otherwise`)
}

/** Runs the bench. */
export default async function rules({ quick, progress }: { quick: boolean; progress: (line: string) => void }) {
  const count = quick ? 5_000 : 100_000
  const judged = eventsOf(quick ? 4_000 : 40_000, 1, 0)
  const own = timeOf(engineOf(1, REACHED), judged)
  const theirs = await triggerOf(judged, quick ? 500 : 5_000, progress)
  checkSame('engine and trigger', own.unlocks, theirs.unlocks)
  progress(`engine and trigger unlock the same ${own.unlocks.length}; timing 60 and 6,000 rules`)
  const [few, many, spread] = [engineOf(FEW_TYPES, OPEN), engineOf(MANY_TYPES, OPEN), engineOf(MANY_TYPES, OPEN)]
  const seconds: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round <= ROUNDS; round++) {
    const events = eventsOf(count, FEW_TYPES, round * count)
    const first = timeOf(round % 2 ? few : many, events)
    const second = timeOf(round % 2 ? many : few, events)
    const [one, other] = round % 2 ? [first, second] : [second, first]
    const wide = timeOf(spread, eventsOf(count, MANY_TYPES, round * count))
    if (round === 0) checkSame('60 and 6,000 rules', one.unlocks, other.unlocks)
    else for (const [at, { seconds: took }] of [one, other, wide].entries()) seconds[at]!.push(took)
    const figures = [one, other, wide].map(({ seconds: took }) => (took / count * 1e6).toFixed(2))
    progress(`round ${round}: ${figures.join(', ')} µs of CPU an event with 60, 6,000, and 6,000 rules of all types`)
  }
  const [sixty, thousands, wide] = seconds.map(median) as [number, number, number]
  const row = (label: string, took: number): string[] =>
    [label, `${(took / count * 1e6).toFixed(2)} µs`, `${(count / took).toFixed(0)}/s`]
  return {
    metrics: {
      growth_60_6000: thousands / sixty, growth_60_6000_spread: wide / sixty,
      over_trigger_single: count / sixty / theirs.single, over_trigger_batch: count / sixty / theirs.batch,
    },
    versions: { postgresql: theirs.version },
    rows: [
      row('an event with 60 rules, 5 of which read it', sixty), row('an event with 6,000 rules, 5 of which read it', thousands),
      row('the same, events of all 1,200 types', wide),
      ['trigger for 5 rules, a transaction an event', '', `${theirs.single.toFixed(0)}/s`],
      ['trigger for 5 rules, 1,000 events a statement', '', `${theirs.batch.toFixed(0)}/s`],
    ],
    notes: [
      'CPU of this process with its garbage collector. growth compares the same events; in spread the events are of all types, ' +
        'so that the counters grow to a hundred times as many, which is the difference.',
      'The trigger keeps its counters in tables and pays for the statement (fsync is off); the engine keeps them in memory, ' +
        'and whoever writes its unlocks down pays for that apart.',
    ],
  }
}
