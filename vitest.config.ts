import { defineConfig } from 'vitest/config';
import { WaitingEarly } from './tests/waiting-early.ts';

const template = 'tests/unit/template/**/*.test.ts';
const packaged = './tests/packaged.ts';

export default defineConfig({
  test: {
    reporters: ['default', './tests/tally.ts'],
    maxWorkers: 3,
    sequence: { sequencer: WaitingEarly },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          isolate: false,
          include: ['tests/unit/**/*.test.ts'],
          exclude: [template],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'model',
          isolate: false,
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
          isolate: false,
          include: ['tests/integration/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          // A machine that is busy with other files is slow, not wrong.
          expect: { poll: { timeout: 60_000 } },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          globalSetup: packaged,
          // They start whole runtimes, and wait for most of their time.
          maxWorkers: 4,
          // Not beside those that work all the time: each would be slow to the other.
          sequence: { groupOrder: 1 },
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
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
