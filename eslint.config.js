import neostandard from 'neostandard'
import tseslint from 'typescript-eslint'

/** Imports go one way: recipes -> sources | transforms | sinks -> lib. A stage never imports another stage. */
const layers = [
  ['lib', ['sources', 'transforms', 'sinks', 'recipes']],
  ['sources', ['transforms', 'sinks', 'recipes']],
  ['transforms', ['sources', 'sinks', 'recipes']],
  ['sinks', ['sources', 'transforms', 'recipes']]
].map(([folder, others]) => ({
  files: [`${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': ['error', {
      patterns: [
        { group: others.map(other => `**/${other}/**`), message: `${folder} must not import ${others.join(', ')}` },
        ...(folder === 'lib' ? [] : [{ group: ['./*'], message: 'a stage must not import another stage' }])
      ]
    }]
  }
}))

export default tseslint.config(
  { ignores: ['dist/', 'data/', 'runs/', '.tap/', 'lib/kernels/*/'] /* in AssemblyScript */ },
  ...neostandard({ ts: true }),
  { rules: { '@stylistic/max-len': ['error', { code: 120, ignoreUrls: true }] } },
  ...tseslint.configs.strictTypeChecked.map(config => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // noUncheckedIndexedAccess requires `x!` wherever the code before guarantees that an index exists.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Numbers and booleans in messages need no conversion.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/no-unused-expressions': ['error', { allowTernary: true }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-explicit-any': 'error'
    }
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-floating-promises': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-misused-spread': 'off'
    }
  },
  ...layers,
  {
    ignores: ['**/*.d.ts'],
    rules: { 'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }] }
  },
  { files: ['eslint.config.js'], rules: { 'no-restricted-exports': 'off' } }
)
