import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import * as z from 'zod';
import { faultMessage, StartFault } from './start-fault.ts';

/** The folder that outlives a run: the table, the logs, and the code that the functions run. */
export type DataFolder = {
  tableDir: string;
  logDir: string;
  codeDir: string;
  /** Tells other programs of this machine where the run is reached, until the folder is released. */
  publish(endpoints: Endpoints): Promise<void>;
  /** Lets another run have the folder. */
  release(): Promise<void>;
};

/** Where a run is reached, as `endpoints.json` in its data folder says while it lasts. */
export type Endpoints = {
  url: string;
  region: string;
  tableEndpoint: string;
  tableNames: string[];
  queueEndpoint: string;
  queueUrls: string[];
};

const lockSchema = z.object({ pid: z.number().int(), port: z.number().int() });

type Lock = z.infer<typeof lockSchema>;

/**
 * Takes the folder for this process, which already listens on `port`, and empties it first when
 * `fresh`. A lock whose owner is gone is taken over. Throws `StartFault` when another run has the
 * folder, or when it cannot be written.
 */
export async function takeDataFolder(
  dataDir: string,
  options: { fresh: boolean; port: number },
): Promise<DataFolder> {
  const lockPath = path.join(dataDir, 'lock.json');
  const endpointsPath = path.join(dataDir, 'endpoints.json');
  const tableDir = path.join(dataDir, 'table');
  const logDir = path.join(dataDir, 'logs');
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await lock(lockPath, { pid: process.pid, port: options.port }, dataDir);
    await rm(endpointsPath, { force: true });
    if (options.fresh) {
      await rm(tableDir, { recursive: true, force: true });
      await rm(logDir, { recursive: true, force: true });
    }
    await mkdir(logDir, { recursive: true });
  } catch (fault) {
    if (fault instanceof StartFault) throw fault;
    const reason = faultMessage(fault);
    throw new StartFault(`The data folder ${dataDir} cannot be used: ${reason}`, { cause: fault });
  }
  return {
    tableDir,
    logDir,
    codeDir: path.join(dataDir, 'functions'),
    publish: (endpoints) =>
      writeFile(endpointsPath, `${JSON.stringify(endpoints, undefined, 2)}\n`, { mode: 0o600 }),
    async release() {
      await rm(endpointsPath, { force: true });
      await rm(lockPath, { force: true });
    },
  };
}

async function lock(lockPath: string, own: Lock, dataDir: string): Promise<void> {
  for (;;) {
    try {
      await writeFile(lockPath, JSON.stringify(own), { flag: 'wx' });
      return;
    } catch (fault) {
      if (!(fault instanceof Error && 'code' in fault && fault.code === 'EEXIST')) throw fault;
    }
    const owner = await readLock(lockPath);
    if (owner !== undefined && (await isAlive(owner))) {
      throw new StartFault(
        `The data folder ${dataDir} is in use by another Outlast (process ${owner.pid}, port ${owner.port}): end it, or choose another folder with --data DIR`,
      );
    }
    await rm(lockPath, { force: true });
  }
}

async function readLock(lockPath: string): Promise<Lock | undefined> {
  try {
    return lockSchema.parse(JSON.parse(await readFile(lockPath, 'utf8')));
  } catch {
    return undefined;
  }
}

/** A process id is given again in time, so the owner must also answer on its port. */
async function isAlive({ pid, port }: Lock): Promise<boolean> {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (fault) {
    if (!(fault instanceof Error && 'code' in fault && fault.code === 'EPERM')) return false;
  }
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: '127.0.0.1', port });
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  socket.setTimeout(1000, () => resolve(true));
  const alive = await promise;
  socket.destroy();
  return alive;
}
