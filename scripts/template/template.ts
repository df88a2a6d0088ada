import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { templatePath } from './path.ts';

const json = z.json();
export type Json = z.infer<typeof json>;

const templateSchema = z.looseObject({
  Resources: z.record(z.string(), z.looseObject({ Type: z.string() }).catchall(json)),
});
/** A template as packaged: intrinsic functions are still in it. */
export type Template = z.infer<typeof templateSchema>;

/** A resource with its logical id; `get('VisibilityTimeout')` reads below its Properties. */
export type Resource = {
  id: string;
  get(path: string): Json | undefined;
  attribute(name: string): Json | undefined;
};

/** Throws when the text is no template. */
export function parseTemplate(text: string): Template {
  return templateSchema.parse(JSON.parse(text));
}

/** The template that `npm run package` left. Throws when there is none. */
export async function readTemplate(): Promise<Template> {
  return parseTemplate(await readFile(templatePath, 'utf8'));
}

/** All resources of a type, such as `AWS::SQS::Queue`, in the template's order. */
export function resourcesOf(template: Template, type: string): Resource[] {
  return Object.entries(template.Resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([id, resource]) => ({
      id,
      get: (path) => valueAt(json.parse(resource['Properties'] ?? {}), path),
      attribute: (name) => json.optional().parse(resource[name]),
    }));
}

/** The value at a dotted path (`RedrivePolicy.maxReceiveCount`, `Types.0`), if there is one. */
export function valueAt(value: Json | undefined, path: string): Json | undefined {
  let found = value;
  for (const key of path.split('.')) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Array.isArray(found) ? found[Number(key)] : found[key];
  }
  return found;
}

/** The logical id that a `Ref` or a `Fn::GetAtt` names, else ''. */
export function referencedId(value: Json | undefined): string {
  const id = valueAt(value, 'Ref') ?? valueAt(value, 'Fn::GetAtt.0');
  return typeof id === 'string' ? id : '';
}

/** The entries of a list; none when it is something else. */
export function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

/** The keys of an object; none when it is something else. */
export function keysOf(value: Json | undefined): string[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.keys(value)
    : [];
}
