import { defineConfig } from 'vitest/config';

const template = 'tests/unit/template/**/*.test.ts';
const packaged = './tests/packaged.ts';

export default defineConfig({
  test: {
    reporters: ['default', './tests/tally.ts'],
    // The e2e tests start whole runtimes, and wait for most of their time.
    maxWorkers: 3,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['tests/unit/**/*.test.ts'],
          exclude: [template],
          testTimeout: 10_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'model',
          include: ['tests/model/**/*.test.ts'],
          // `npm run model -- --depth N` goes further and takes as long as it takes.
          testTimeout: 60_000 * Number(process.env['MODEL_DEPTH'] ?? '1'),
        },
      },
      {
        extends: true,
        test: {
          name: 'template',
          include: [template],
          globalSetup: packaged,
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['tests/integration/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // A machine that is busy with other files is slow, not wrong.
          expect: { poll: { timeout: 10_000 } },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          globalSetup: packaged,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'fuzz',
          include: ['tests/fuzz/**/*.test.ts'],
          globalSetup: packaged,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'bench',
          include: ['tests/bench/**/*.test.ts'],
          globalSetup: packaged,
          testTimeout: 180_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'faults',
          include: ['tests/faults/**/*.test.ts'],
          globalSetup: packaged,
          // Alone, after the others: what it asks of the machine is a fault of its own to them.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
