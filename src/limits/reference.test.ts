import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectRoot } from '../platform/project.ts'
import { limitsText } from './reference.ts'

test('the page of limits is printed from those that bind', () => {
  expect(readFileSync(join(projectRoot, 'docs/reference/limits.md'), 'utf8')).toBe(limitsText())
})
