import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** A function's code, ready to be called. */
export type Handler = {
  streaming: boolean;
  call: (...parameters: unknown[]) => unknown;
};

/** The mark that `awslambda.streamifyResponse` leaves on a handler; its name is public behaviour. */
export const streamingMark = Symbol.for('aws.lambda.runtime.handler.streaming');

/**
 * Loads `dir/file.export` relative to the code root, trying the name as it is, then `.js`, `.mjs`
 * and `.cjs`, as the managed runtime does. Rejects with the managed runtime's error names.
 */
export async function loadHandler(taskRoot: string, handler: string): Promise<Handler> {
  const named = /^([^.]*)\.(.+)$/.exec(path.basename(handler));
  const [, moduleName, exportName] = named ?? [];
  if (moduleName === undefined || exportName === undefined || handler.includes('..')) {
    throw runtimeError('Runtime.MalformedHandlerName', `'${handler}' is not a valid handler name`);
  }
  const file = findModule(path.join(taskRoot, path.dirname(handler), moduleName));
  if (file === undefined) {
    throw runtimeError('Runtime.ImportModuleError', `Error: Cannot find module '${moduleName}'`);
  }
  return toHandler(handler, findExport(await importModule(file), exportName));
}

function findModule(withoutExtension: string): string | undefined {
  return ['', '.js', '.mjs', '.cjs']
    .map((extension) => `${withoutExtension}${extension}`)
    .find((file) => existsSync(file) && statSync(file).isFile());
}

async function importModule(file: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw runtimeError('Runtime.UserCodeSyntaxError', String(error), error);
    }
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') {
      throw runtimeError('Runtime.ImportModuleError', String(error), error);
    }
    throw error;
  }
}

function findExport(module: unknown, exportName: string): unknown {
  return readPath(module, exportName) ?? readPath(readPath(module, 'default'), exportName);
}

function readPath(root: unknown, dotted: string): unknown {
  return dotted
    .split('.')
    .reduce(
      (value, key) =>
        typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined,
      root,
    );
}

function toHandler(name: string, exported: unknown): Handler {
  if (typeof exported !== 'function') {
    const fault = exported === undefined ? 'undefined or not exported' : 'not a function';
    throw runtimeError('Runtime.HandlerNotFound', `${name} is ${fault}`);
  }
  const streaming = Reflect.get(exported, streamingMark) === 'response';
  if (!streaming && exported.length >= 3) {
    throw runtimeError(
      'Runtime.CallbackHandlerDeprecated',
      `${name} takes a callback, which nodejs24.x no longer calls: return a promise instead`,
    );
  }
  return { streaming, call: (...parameters) => Reflect.apply(exported, undefined, parameters) };
}

function runtimeError(name: string, message: string, cause?: unknown): Error {
  const error = new Error(message, { cause });
  error.name = name;
  if (cause instanceof Error && cause.stack !== undefined) error.stack = cause.stack;
  return error;
}
