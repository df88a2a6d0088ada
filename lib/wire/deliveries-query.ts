import { type DeliveryKey, type DeliveryState, deliveryStates } from '../callback/delivery.ts';
import { Fault } from '../errors.ts';
import { parseDeliveryId } from './delivery-object.ts';
import { describeValue } from './param.ts';
import { limitOf, type Query } from './responses/list.ts';

export type DeliveriesQuery = {
  /** 1 to 100. */
  readonly limit: number;
  readonly states: readonly DeliveryState[];
  /** The last member of the page before. */
  readonly after: DeliveryKey | undefined;
};

const fault = (param: string, expected: string, found: string): Fault =>
  new Fault(
    'invalid_value',
    `Invalid '${param}': expected ${expected}, got ${describeValue(found)}.`,
    { param },
  );

const statesOf = (value: string | undefined): readonly DeliveryState[] => {
  if (value === undefined) return deliveryStates;
  const state = deliveryStates.find((name) => name === value);
  if (state !== undefined) return [state];
  throw fault('status', `one of ${deliveryStates.map((name) => `'${name}'`).join(', ')}`, value);
};

/** The query of `GET /deliveries`. Throws Fault `invalid_value` naming the parameter. */
export const parseDeliveriesQuery = (query: Query): DeliveriesQuery => {
  const { after } = query;
  const key = after === undefined ? undefined : parseDeliveryId(after);
  if (after !== undefined && key === undefined) {
    throw fault('after', 'the id of a delivery', after);
  }
  return { limit: limitOf(query['limit']), states: statesOf(query['status']), after: key };
};
