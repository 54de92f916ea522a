/** @type {import('jest').Config} */
module.exports = {
  testRegex: 'test/.*\\.spec\\.ts$',
  transform: {
    '\\.[jt]s$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2022',
        },
        module: { type: 'commonjs' },
      },
    ],
  },
  // Jest cannot `require` ES modules before Node 24.9. Nest and Restale are such, and so is what they need: all of it
  // is made CommonJS, like the application itself.
  transformIgnorePatterns: [],
}
