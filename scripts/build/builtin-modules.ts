import { builtinModules } from 'node:module';
import type { Plugin } from 'esbuild';

const names = new Set(builtinModules);
const namespace = 'builtin';

/** Loaded when a name of theirs is first used: only a reply that streams is one. */
const late = new Set(['node:stream/web']);

/**
 * Takes Node's own modules by `process.getBuiltinModule` instead of `import`. An import reads each
 * property of the module to make its export, and so loads what those only promise: `node:http` 97
 * modules with the whole of fetch and HTTP/2, instead of 32 (Node 24.21, lib/internal/bootstrap/realm.js,
 * read 2026-11).
 */
export const builtinModulesPlugin: Plugin = {
  name: 'builtin-modules',
  setup(build) {
    build.onResolve({ filter: /^(node:)?[a-z][\w/]*$/ }, ({ path }) => {
      const name = path.replace(/^node:/, '');
      return names.has(name) ? { path: `node:${name}`, namespace } : undefined;
    });
    build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
      contents: `module.exports = ${exportsOf(path)};`,
    }));
  },
};

/**
 * esbuild asks for the descriptor of each own property of a CommonJS module, which loads what some of
 * `node:util` promise. An heir has none of its own, and all of them.
 */
function exportsOf(path: string): string {
  const builtin = `process.getBuiltinModule(${JSON.stringify(path)})`;
  if (late.has(path)) {
    // esbuild asks every CommonJS module whether it was an ES module once.
    const get = `(_, name) => name === '__esModule' ? undefined : ${builtin}[name]`;
    return `Object.create(new Proxy({}, { get: ${get} }))`;
  }
  const isItself = path === 'node:process' || typeof process.getBuiltinModule(path) === 'function';
  return isItself ? builtin : `Object.create(${builtin})`;
}
