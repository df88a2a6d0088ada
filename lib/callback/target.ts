import { maxCallbackUrlChars } from '../limits.ts';
import { isAddress, isLoopbackAddress, isPublicAddress } from './address.ts';

/** Why a URL may not be called, as the sentences a client reads. None tells what a name resolves to. */
export const targetRefusals = {
  unreadable: 'The callback URL is not an absolute URL.',
  ambiguous:
    'The callback URL holds white space, control characters or backslashes, which programs read differently.',
  too_long: `The callback URL is longer than ${maxCallbackUrlChars} characters.`,
  not_https: 'The callback URL must start with https://.',
  userinfo: 'The callback URL must not hold a user name or password.',
  fragment: 'The callback URL must not hold a fragment (#).',
  bad_port: 'The callback URL’s port cannot be connected to.',
  bad_host: 'The callback URL’s host is not a host name of the public internet.',
  not_public: 'The callback URL’s host is not on the public internet.',
} as const;
export type TargetRefusal = keyof typeof targetRefusals;

export type CallbackTarget = {
  readonly secure: boolean;
  /** A name or an address, in lower case ASCII without brackets or a trailing dot. */
  readonly hostname: string;
  /** `hostname` is an address, which was checked: there is nothing to look up. */
  readonly literal: boolean;
  readonly port: number;
  /** The Host header: with the port where it is not the scheme's own. */
  readonly host: string;
  /** Path and query. */
  readonly path: string;
  /** Where each of its addresses must be. */
  readonly reach: 'public' | 'loopback';
};

export type TargetReading =
  | { readonly kind: 'target'; readonly target: CallbackTarget }
  | { readonly kind: 'refused'; readonly why: TargetRefusal };

/** Other characters and separators: WHATWG parsers drop some of them and turn "\" into "/". */
const ambiguous = /[\p{C}\p{Z}\\]/u;
const urlFormat = /^([a-z][a-z\d+.-]*):\/\/([^/?#]+)/i;
const labelFormat = /^[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?$/;
const maxNameChars = 253;

/**
 * Domains that never lead to a public host: RFC 6761, 6762 (local), 7686 (onion), 8375 (home.arpa),
 * 9476 (alt), and ICANN's reservation of "internal" (2024), all read 2026-11.
 */
const reserved = /(?:^|\.)(?:alt|example|home\.arpa|internal|invalid|local|localhost|onion|test)$/;
const localhost = /(?:^|\.)localhost$/;

/** A name of one label would be looked up in the sandbox's own search domains. */
const isPublicName = (name: string): boolean => {
  const labels = name.split('.');
  return (
    name.length <= maxNameChars &&
    labels.length > 1 &&
    labels.every((label) => labelFormat.test(label)) &&
    !reserved.test(name)
  );
};

const refused = (why: TargetRefusal): TargetReading => ({ kind: 'refused', why });

/** The first fault of the text itself, before it is parsed: parsers would mend it. */
const textFault = (text: string): TargetRefusal | undefined => {
  if (text.length > maxCallbackUrlChars) return 'too_long';
  if (ambiguous.test(text)) return 'ambiguous';
  const [, scheme, authority] = urlFormat.exec(text) ?? [];
  if (scheme === undefined || authority === undefined) return 'unreadable';
  if (!/^https?$/i.test(scheme)) return 'not_https';
  if (authority.includes('@')) return 'userinfo';
  if (text.includes('#')) return 'fragment';
  return URL.canParse(text) ? undefined : 'unreadable';
};

/**
 * Whether a callback may go to this URL at all, and to where. The host is read as the URL standard
 * does, so that every spelling of an address comes out as that address; a name still has to be looked
 * up, and each address it has put to `mayReach`. Any port but 0: receivers listen where they like, and
 * behind https there is no other protocol to be talked into. `allowHttpLoopback` admits, beside that,
 * http to the own machine.
 */
export const readTarget = (
  text: string,
  options: { readonly allowHttpLoopback: boolean },
): TargetReading => {
  const fault = textFault(text);
  if (fault !== undefined) return refused(fault);
  const url = new URL(text);
  const secure = url.protocol === 'https:';
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  const literal = isAddress(hostname);
  const local = literal ? isLoopbackAddress(hostname) : localhost.test(hostname);

  if (!secure && !(local && options.allowHttpLoopback)) return refused('not_https');
  if (secure && literal && !isPublicAddress(hostname)) return refused('not_public');
  if (secure && !literal && !isPublicName(hostname)) return refused('bad_host');
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  if (port === 0) return refused('bad_port');

  const bracketed = hostname.includes(':') ? `[${hostname}]` : hostname;
  return {
    kind: 'target',
    target: {
      secure,
      hostname,
      literal,
      port,
      host: url.port === '' ? bracketed : `${bracketed}:${url.port}`,
      path: `${url.pathname}${url.search}`,
      reach: secure ? 'public' : 'loopback',
    },
  };
};

/** Whether an address that the target's name has may be connected to. */
export const mayReach = (target: Pick<CallbackTarget, 'reach'>, address: string): boolean =>
  target.reach === 'public' ? isPublicAddress(address) : isLoopbackAddress(address);
