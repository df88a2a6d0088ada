import {
  type Json,
  keysOf,
  parseTemplate,
  type Template,
} from '../../../scripts/template/template.ts';

/** One edit of a packaged template that somebody could make by mistake. */
export type Mutation = { name: string; apply(template: Template): void };

/** A copy of the template with the edit made. */
export function mutated(template: Template, mutation: Mutation): Template {
  const copy = parseTemplate(JSON.stringify(template));
  mutation.apply(copy);
  return copy;
}

type Value = Json | undefined;

/** Sets what is at a path below a resource (`JobsQueue`, `Properties.X`); undefined removes it. */
export function set(id: string, path: string, value: Value): Mutation {
  return {
    name: `${id} ${path} = ${JSON.stringify(value) ?? 'removed'}`,
    apply(template) {
      const keys = path.split('.');
      const last = keys.pop() ?? '';
      let at: Value = findResource(template, id);
      for (const key of keys) {
        if (typeof at !== 'object' || at === null) throw new Error(`nothing at ${id} ${path}`);
        at = Array.isArray(at) ? at[Number(key)] : at[key];
      }
      if (typeof at !== 'object' || at === null) throw new Error(`nothing at ${id} ${path}`);
      if (Array.isArray(at)) at[Number(last)] = value ?? null;
      else if (value === undefined) delete at[last];
      else at[last] = value;
    },
  };
}

/** Takes a resource away. */
export function remove(id: string): Mutation {
  return {
    name: `without ${id}`,
    apply(template) {
      findResource(template, id);
      delete template.Resources[id];
    },
  };
}

/** Adds a resource. */
export function add(id: string, type: string, properties: Record<string, Value>): Mutation {
  return {
    name: `with ${id}, ${type}`,
    apply(template) {
      template.Resources[id] = parseTemplate(
        JSON.stringify({ Resources: { [id]: { Type: type, Properties: properties } } }),
      ).Resources[id] ?? { Type: type };
    },
  };
}

/** The Deployment's logical id is new in every packaging: `ApiGatewayDeployment` finds it. */
function findResource(template: Template, id: string): Template['Resources'][string] {
  const exact = template.Resources[id];
  if (exact !== undefined) return exact;
  const key = keysOf(template.Resources).find((name) => name.replace(/\d+$/, '') === id);
  const found = key === undefined ? undefined : template.Resources[key];
  if (found === undefined) throw new Error(`the template has no ${id}`);
  return found;
}
