import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectRoot } from '../src/platform/project.ts'

const hasPeers = existsSync(join(projectRoot, 'bench/node_modules/postgraphile/package.json'))
if (!hasPeers) {
  process.stderr.write(
    '\nNOTE: PostGraphile is not installed (npm ci --prefix bench); the smoke run of the query bench is skipped.\n\n')
}

// It shows that the bench runs, finds all answers equal, and answers its keys; figures of a hundred requests mean nothing.
test.skipIf(!hasPeers)('the query bench in its quick form answers its ratios as JSON', () => {
  const args = ['--import', 'tsx', join(projectRoot, 'bench/run.ts'), 'query', '--quick', '--json']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: projectRoot, encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  const positive = expect.toSatisfy((value: number) => value > 0 && Number.isFinite(value))
  expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toEqual({
    name: 'query', metrics: { cpu_over_postgraphile: positive, cpu_over_mercurius_jit: positive },
    versions: {
      node: process.versions.node, postgres: expect.any(String),
      postgraphile: '5.1.5', mercurius: '16.10.1', 'graphql-jit': '0.8.9',
    },
    machine: expect.objectContaining({ cores: expect.any(Number) }),
  })
}, 120_000)

test.skipIf(hasPeers)('without its peers the query bench says how to get them', () => {
  const args = ['--import', 'tsx', join(projectRoot, 'bench/run.ts'), 'query', '--quick']
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: projectRoot, encoding: 'utf8' })
  expect(stderr).toContain('npm ci --prefix bench')
  expect(status).toBe(2)
})
