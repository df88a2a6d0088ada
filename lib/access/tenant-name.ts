import { Fault } from '../errors.ts';

/** Names go into keys of items, message groups, logs and metrics: plain everywhere. */
const tenantFormat = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** Throws Fault `invalid_value`. */
export const parseTenantName = (name: string): string => {
  if (tenantFormat.test(name)) return name;
  throw new Fault(
    'invalid_value',
    `${JSON.stringify(name)} is no name for a tenant: up to 64 of a-z, 0-9, - and _, the first a letter or a digit.`,
    { param: 'tenant' },
  );
};
