import * as z from 'zod/mini';
import { type CallbackEventType, callbackEventTypes } from '../callback/event.ts';
import { isHostAllowed } from '../callback/host-pattern.ts';
import { readTarget, targetRefusals } from '../callback/target.ts';
import { Fault } from '../errors.ts';
import { checkJsonTree } from './json-tree.ts';
import { schemaFault } from './schema-fault.ts';

const expectedUrl = 'a URL, such as https://example.com/hooks';
const expectedEvents = `an array of one or more of ${callbackEventTypes.join(', ')}`;

const eventsSchema = z.pipe(
  z
    .array(z.enum(callbackEventTypes, `one of ${callbackEventTypes.join(', ')}`), expectedEvents)
    .check(z.minLength(1, expectedEvents), z.maxLength(callbackEventTypes.length, expectedEvents)),
  z.transform((events): readonly CallbackEventType[] => [...new Set(events)]),
);

const fields = {
  url: z.string(expectedUrl),
  /** Absent or null: all of them. */
  events: z.optional(z.nullable(eventsSchema)),
};

/** The field `callback` of a request that makes a job; the same in all three APIs. */
export const callbackSchema = z.strictObject(fields, "an object with a 'url'");

const endpointSchema = z.strictObject(fields, 'a JSON object');

/** Where callbacks go, and which. */
export type CallbackRequest = {
  readonly url: string;
  readonly events?: readonly CallbackEventType[];
};

/** As it is kept: no `events` for all of them. */
export const toCallback = ({ url, events }: z.infer<typeof callbackSchema>): CallbackRequest => ({
  url,
  ...(events == null ? {} : { events }),
});

/** The body of `POST /callback_endpoints`. Throws the Faults of `schemaFault`. */
export const parseEndpointRequest = (body: unknown): CallbackRequest => {
  checkJsonTree(body);
  const parsed = endpointSchema.safeParse(body);
  if (parsed.success) return toCallback(parsed.data);
  throw schemaFault(parsed.error, body);
};

/** What decides where callbacks may go at all. */
export type TargetRules = {
  /** Admits http:// to the own machine. Never where tenants are strangers. */
  readonly allowHttpLoopback: boolean;
  /** The tenant's own limit; absent for none. */
  readonly hosts: readonly string[] | undefined;
};

/**
 * Throws Fault `invalid_value`, which names `param`, for a URL that may not be called back. What a
 * name resolves to is looked at when it is called.
 */
export const admitTarget = (url: string, param: string, rules: TargetRules): void => {
  const reading = readTarget(url, rules);
  if (reading.kind === 'refused') {
    throw new Fault('invalid_value', targetRefusals[reading.why], { param });
  }
  if (isHostAllowed(reading.target.hostname, rules.hosts)) return;
  throw new Fault(
    'invalid_value',
    'Callbacks of this account may not go to this host: its operator has listed those they may go to.',
    { param },
  );
};
