import * as z from 'zod';
import { StartFault } from '../start-fault.ts';
import { noValue, resolve, type Scope } from './intrinsic.ts';
import { type Place, resourceAttribute, resourceReference } from './physical.ts';

const resourceSchema = z.looseObject({
  Type: z.string(),
  Condition: z.string().optional(),
  Properties: z.record(z.string(), z.unknown()).default({}),
});

const templateSchema = z.looseObject({
  Parameters: z.record(z.string(), z.looseObject({ Default: z.unknown().optional() })).default({}),
  Mappings: z
    .record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown())))
    .default({}),
  Conditions: z.record(z.string(), z.unknown()).default({}),
  Resources: z.record(z.string(), resourceSchema),
});

/** One resource of the template with the properties that were asked for, all concrete. */
export type Resource<Properties> = {
  logicalId: string;
  properties: Properties;
};

/** A packaged CloudFormation template, read as the stack it would make on this machine. */
export type Template = {
  place: Place;
  /**
   * Every resource of a type whose condition holds. Only the properties that the schema names are
   * resolved, so what the local runtime has no use for may use anything CloudFormation allows.
   */
  resources<Shape extends z.ZodRawShape>(
    type: string,
    schema: z.ZodObject<Shape>,
  ): Resource<z.infer<z.ZodObject<Shape>>>[];
  /** One value of the template resolved; `at` names it in a fault. */
  resolve(value: unknown, at: string): unknown;
};

/** Reads the template's text for the given place; throws `StartFault` when it is not a template. */
export function parseTemplate(text: string, place: Place): Template {
  const parsed = templateSchema.safeParse(parseJson(text));
  if (!parsed.success) throw drift('The packaged template', parsed.error);
  const { Resources, Conditions, Parameters, Mappings } = parsed.data;

  const lookup = {
    place,
    type: (logicalId: string) => Resources[logicalId]?.Type,
    property: (logicalId: string, name: string) => {
      const value = Resources[logicalId]?.Properties[name];
      return value === undefined
        ? undefined
        : resolve(value, scope, `${logicalId}.Properties.${name}`);
    },
  };
  const pseudo: Record<string, unknown> = {
    'AWS::AccountId': place.accountId,
    'AWS::Region': place.region,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': place.stackName,
    'AWS::StackId': `arn:aws:cloudformation:${place.region}:${place.accountId}:stack/${place.stackName}/local`,
    'AWS::NoValue': noValue,
  };
  const scope: Scope = {
    ref(name) {
      if (name in pseudo) return pseudo[name];
      if (name in Parameters) return Parameters[name]?.Default ?? '';
      return resourceReference(lookup, name);
    },
    attribute: (logicalId, attribute) => resourceAttribute(lookup, logicalId, attribute),
    holds(condition) {
      if (!(condition in Conditions)) throw new StartFault(`No condition is named ${condition}.`);
      return resolve(Conditions[condition], scope, `Conditions.${condition}`) === true;
    },
    mapped: (map, top, second) => Mappings[map]?.[top]?.[second],
  };

  return {
    place,
    resolve: (value, at) => resolve(value, scope, at),
    resources(type, schema) {
      return Object.entries(Resources)
        .filter(([, resource]) => resource.Type === type)
        .filter(([, { Condition }]) => Condition === undefined || scope.holds(Condition))
        .map(([logicalId, resource]) => {
          const wanted = Object.keys(schema.shape)
            .filter((name) => resource.Properties[name] !== undefined)
            .map((name) => [
              name,
              resolve(resource.Properties[name], scope, `${logicalId}.Properties.${name}`),
            ])
            .filter(([, value]) => value !== noValue);
          const properties = schema.safeParse(Object.fromEntries(wanted));
          if (!properties.success) throw drift(`${logicalId} (${type})`, properties.error);
          return { logicalId, properties: properties.data };
        });
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new StartFault('The packaged template is not JSON.', { cause });
  }
}

function drift(what: string, error: z.ZodError): StartFault {
  return new StartFault(
    `${what} is not what the local runtime expects:\n${z.prettifyError(error)}`,
  );
}
