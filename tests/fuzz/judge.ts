import { type Raw, wrongs } from '../fixtures/hostile-client.ts';
import type { FuzzCase } from './case.ts';
import type { Outcome } from './exchange.ts';

/** Nothing is asked of who comes to these. */
const open = /^\S+ \/(?:results\/|health)/;
const ours = /\$(?:gen|resp|chat|endpoint)\$/;

/** Why a request may on no account be granted, whatever else is odd about it. */
const forbidden = ({ route, method, target, key }: FuzzCase): string | undefined => {
  if (open.test(route) || method === 'OPTIONS') return undefined;
  // What it asks for may be the health check, by a path that was spoilt.
  if (/health|results/.test(target)) return undefined;
  if (['none', 'unknown', 'garbled', 'long'].includes(key)) return 'it has no key';
  if (key === 'reader' && !['GET', 'HEAD'].includes(method)) return 'its key is for reading';
  if (key === 'other' && ours.test(target)) return 'it asks for what is another tenant’s';
  if (key === 'own' && target.includes('$theirs$')) return 'it asks for what is another tenant’s';
  return undefined;
};

/** Models are everybody’s, and an id in a query is only a place to go on from. */
const isOfIds = ({ route, target }: FuzzCase): boolean =>
  route.includes('{id}') && !target.slice(target.indexOf('?') + 1 || target.length).includes('$');

/** A job that may take a millisecond is accepted, and does not end in time: 503 is what it asked for. */
const asksTooSoon = ({ headers }: FuzzCase, { text }: Raw): boolean =>
  headers.some(([name, value]) => name === 'x-deadline-ms' && value === '1') &&
  text.includes('"code":"deadline_exceeded"');

const wrongsOf = (one: FuzzCase, reply: Raw): readonly string[] => {
  if (asksTooSoon(one, reply)) return [];
  const { status } = reply;
  const found = [...wrongs(reply)];
  if (status < 200 || (status >= 300 && status < 400) || status === 408) {
    found.push(`answered ${status}`);
  }
  const why = forbidden(one);
  const matters = why?.includes('tenant') === true ? isOfIds(one) : true;
  if (status < 300 && why !== undefined && matters) found.push(`was granted, though ${why}`);
  return found;
};

/** What is wrong with how a case was answered; nothing is what should be found. */
export const judge = (
  one: FuzzCase,
  outcome: Outcome,
  mayGoUnanswered: boolean,
): readonly string[] => {
  switch (outcome.kind) {
    case 'answered':
      return wrongsOf(one, outcome.reply);
    case 'closed':
      return mayGoUnanswered ? [] : [`was not answered, but for: ${outcome.received}`];
    case 'hung':
      return [`hung after: ${outcome.received}`];
  }
};
