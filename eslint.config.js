import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

// Only what needs types. Everything else is Biome's.
export default defineConfig(
  { ignores: ['**/*.{js,cjs,mjs}', 'dist', '.serverless', '.outlast', 'coverage'] },
  {
    files: ['**/*.ts'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        // A default that calls assertNever does not excuse a missing case.
        { considerDefaultExhaustiveForUnions: false },
      ],
    },
  },
);
