import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, glob, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { withPackageLock } from './package-lock.ts';
import { templatePath } from './template/path.ts';

const stampPath = '.serverless/package-stamp';
const inputPatterns = [
  'functions/**/*.ts',
  'lib/**/*.ts',
  'infra/*',
  'serverless.yml',
  'scripts/build.ts',
  'scripts/build/*.ts',
  'scripts/package.ts',
  'package-lock.json',
];

const onlyIfStale = process.argv.includes('--if-stale');
const frameworkArguments = process.argv.slice(2).filter((argument) => argument !== '--if-stale');

async function hashInputs(): Promise<string> {
  const hash = createHash('sha256');
  const paths: string[] = [];
  for await (const path of glob(inputPatterns)) paths.push(path);
  for (const path of paths.sort()) {
    hash
      .update(`${path}\0`)
      .update(await readFile(path))
      .update('\0');
  }
  return hash.digest('hex');
}

async function isPackaged(inputHash: string): Promise<boolean> {
  try {
    await access(templatePath);
    return (await readFile(stampPath, 'utf8')) === inputHash;
  } catch {
    return false;
  }
}

function runOsls(): Promise<void> {
  const packageJsonPath = createRequire(import.meta.url).resolve('serverless/package.json');
  const cli = join(dirname(packageJsonPath), 'bin', 'serverless.js');
  const child = spawn(
    process.execPath,
    ['--no-deprecation', cli, 'package', ...frameworkArguments],
    {
      // Quiet, and the framework's schema cache beside ours instead of in the home folder.
      env: {
        ...process.env,
        CI: 'true',
        FORCE_COLOR: '0',
        SLS_DEPRECATION_NOTIFICATION_MODE: 'error',
        SLS_SCHEMA_CACHE_BASE_DIR: 'node_modules/.cache',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) return resolve();
      reject(new Error(`The service could not be packaged.\n${Buffer.concat(output).toString()}`));
    });
  });
}

/**
 * Packages the service, bundles included, without an account or a network. `--if-stale`: only when
 * its sources changed. Other arguments (`--stage prod`) go to the Serverless Framework.
 */
async function packageService(): Promise<void> {
  const inputHash = await hashInputs();
  const isDefaultStage = frameworkArguments.length === 0;
  if (onlyIfStale && isDefaultStage && (await isPackaged(inputHash))) return;
  await rm(stampPath, { force: true });
  await runOsls();
  // Another stage's template must not pass for the one the local runtime and the tests read.
  if (isDefaultStage) await writeFile(stampPath, inputHash);
  console.log(`Packaged: ${templatePath}`);
}

try {
  await withPackageLock(packageService);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
