/** How the tests run: two workers, files beside their subject and in test/, one copy of graphql. */
import { defineConfig } from 'vitest/config'

// Smoke runs of the benches say that they run; they take minutes and are for CI, or when they are asked for.
export const runsBenches = Boolean(process.env.CI) || process.argv.some(argument => argument.startsWith('bench'))

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'web/**/*.test.ts', ...runsBenches ? ['bench/**/*.test.ts'] : []],
    globalSetup: ['.ci/setup.ts'], maxWorkers: 2, hookTimeout: 120_000,
    testTimeout: process.env.CI ? 120_000 : 30_000, // A shared machine is slow, not wrong.
  },
  // vitest loads graphql/index.mjs for our files and type-graphql loads graphql/index.js: two schemas that do not know
  // each other.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
})
