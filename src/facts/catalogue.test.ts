import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tenant } from '../../test/harness.ts'
import { projectRoot } from '../platform/project.ts'
import { CATALOGUE, factNamed, factsChangedBy } from './catalogue.rules.ts'

test('the catalogue is closed: a name that is not in it is no fact, whatever it looks like (RULE-3)', () => {
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty', '', 'Revenue', 'revenue ', 'activity.count']) {
    expect([name, factNamed(name)]).toEqual([name, null])
  }
  expect(CATALOGUE.map(({ name }) => name)).toEqual([...CATALOGUE.map(({ name }) => name)].sort())
  for (const fact of CATALOGUE) expect(factNamed(fact.name)).toBe(fact)
})

test('every fact says how it is summed up, whose it is, and which events change it; each of those events exists', () => {
  const glossary = readFileSync(join(projectRoot, 'docs/glossary.md'), 'utf8')
  for (const { name, aggregations, subjects, changedBy } of CATALOGUE) {
    expect([name, aggregations.length > 0, subjects.length > 0, changedBy.length > 0]).toEqual([name, true, true, true])
    expect([name, changedBy.filter(topic => !glossary.includes(`\`${topic}\``))]).toEqual([name, []])
  }
  expect(factsChangedBy('revenue.refunded').map(({ name }) => name))
    .toEqual(['revenue', 'revenue.arr', 'revenue.deals', 'revenue.growth', 'revenue.mrr'])
  expect(factsChangedBy('metric.recorded').map(({ name }) => name)).toEqual(['metric', 'metric.change'])
  expect([factsChangedBy('feed.told'), factsChangedBy('constructor')]).toEqual([[], []])
})

test('factCatalogue shows it to everybody', async () => {
  await using acme = await tenant('vic:VIEWER')
  const { factCatalogue } = await acme.as('vic').run(`{ factCatalogue {
    name source type unit description aggregations subjects parameters { name of required } } }`)
  expect(factCatalogue).toEqual(CATALOGUE.map(({ changedBy: _, ...fact }) => fact))
  expect(factCatalogue).toContainEqual(expect.objectContaining({
    name: 'rank', aggregations: ['RANK'], parameters: [{ name: 'leaderboard', of: 'leaderboards.id', required: true }],
  }))
})
