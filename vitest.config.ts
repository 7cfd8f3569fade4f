import { defineConfig } from 'vitest/config'

const results = process.env.TEST_RESULTS

export default defineConfig({
  test: {
    // `.ci/run` counts what this file says.
    reporters: results === undefined ? ['default'] : ['default', ['json', { outputFile: results }]],
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // Two cores: more workers only take turns.
    maxWorkers: 2,
    testTimeout: 20_000,
  },
})
