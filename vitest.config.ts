import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // Two cores: more workers only take turns.
    maxWorkers: 2,
    testTimeout: 20_000,
  },
})
