import { defineConfig } from 'vitest/config'

// Workspace packages load from their sources: the condition stands first in every `exports`, and `inline` keeps them
// inside the transform, also when one package imports another.
const conditions = ['@restale/source', 'module', 'node', 'development|production']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    server: { deps: { inline: [/@restale\//] } },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
})
