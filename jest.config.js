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
  testTimeout: 20_000,
  reporters: ['default', ...(process.env.CI ? ['<rootDir>/tools/no-skips-reporter.mjs'] : [])],
}
