/** Jest runs the TypeScript sources as ES modules; swc only strips the types. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'js', 'json'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
        module: { type: 'es6', resolveFully: true },
        sourceMaps: 'inline',
      },
    ],
  },
  // Many tests wait for other processes, so three at a time suit two cores; the limit is for machines with busy neighbours.
  maxWorkers: 3,
  testTimeout: 60_000,
  reporters: ['default', ...(process.env.CI ? ['<rootDir>/tools/no-skips-reporter.mjs'] : [])],
}
