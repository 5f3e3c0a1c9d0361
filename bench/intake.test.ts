import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectRoot } from '../src/platform/project.ts'
import { findPgbench } from './intake.bench.ts'

const hasPgbench = findPgbench() !== null
if (!hasPgbench) process.stderr.write('\nNOTE: pgbench is not installed; the smoke run of the intake bench is skipped.\n\n')

// It shows that the bench runs, checks what it recorded, and answers its keys; figures of one second mean nothing.
test.skipIf(!hasPgbench)('the intake bench in its quick form answers its ratios as JSON', () => {
  const args = ['--import', 'tsx', join(projectRoot, 'bench/run.ts'), 'intake', '--quick', '--json']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: projectRoot, encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  const positive = expect.toSatisfy((value: number) => value > 0 && Number.isFinite(value))
  expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toEqual({
    name: 'intake', metrics: { batch_over_single_rows: positive, single_http_over_tpcb: positive },
    versions: { node: process.versions.node, postgres: expect.any(String), pgbench: expect.any(String) },
    machine: expect.objectContaining({ cores: expect.any(Number) }),
  })
}, 120_000)
