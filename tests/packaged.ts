import { execFileSync } from 'node:child_process';

/** Before any test: the bundles and the template are those of the sources under test. */
export function setup(): void {
  execFileSync(process.execPath, ['scripts/package.ts', '--if-stale'], { stdio: 'inherit' });
}
