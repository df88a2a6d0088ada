import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends a run's output with one line for people and CI: `12 passed, 0 failed`, and `, 1 skipped` if
 * any was. What fails outside a test (a file that does not load, an unhandled error) counts as failed.
 */
export default class Tally implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<unknown>): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      let failedTests = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') count.passed += 1;
        else if (state === 'failed') failedTests += 1;
        else count.skipped += 1;
      }
      const failedOutsideTests = module.state() === 'failed' && failedTests === 0;
      count.failed += failedOutsideTests ? 1 : failedTests;
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
    console.log(`${count.passed} passed, ${count.failed} failed${skipped}`);
  }
}
