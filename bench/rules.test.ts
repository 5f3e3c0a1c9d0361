import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectRoot } from '../src/platform/project.ts'

// It shows that the bench runs, that engine and trigger unlock the same, and that it answers its keys; its figures mean nothing.
test('the rules bench in its quick form answers its ratios as JSON', () => {
  const args = ['--import', 'tsx', join(projectRoot, 'bench/run.ts'), 'rules', '--quick', '--json']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: projectRoot, encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  const positive = expect.toSatisfy((value: number) => value > 0 && Number.isFinite(value))
  expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toEqual({
    name: 'rules',
    metrics: {
      growth_60_6000: positive, growth_60_6000_spread: positive, over_trigger_single: positive, over_trigger_batch: positive,
    },
    versions: { node: process.versions.node, postgresql: expect.any(String) },
    machine: expect.objectContaining({ cores: expect.any(Number) }),
  })
}, 120_000)
