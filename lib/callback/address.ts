/*
 * Which IP addresses the public internet routes: IANA's registries of special-purpose addresses
 * (iana.org/assignments/iana-ipv4-special-registry and -ipv6-, read 2026-11). Where a block is only
 * partly reachable the whole of it counts as not public, since no web server lives there.
 */

const notPublicIpv4 = [
  '0.0.0.0/8', // "this network"; 0.0.0.0 reaches the own host
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT; some clouds keep their metadata here
  '127.0.0.0/8', // loopback: Lambda's runtime API on some hosts
  '169.254.0.0/16', // link-local: EC2 and ECS metadata, Lambda's runtime API, X-Ray
  '172.16.0.0/12', // private
  '192.0.0.0/24', // IETF protocols
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
];

/**
 * All that is assigned for public use. Outside of it: unspecified, loopback, IPv4-mapped and
 * -compatible, NAT64 (64:ff9b::/96, 64:ff9b:1::/48), SRv6 (5f00::/16), unique local with EC2's
 * metadata (fd00:ec2::254), link-local, site-local, multicast.
 */
const globalUnicastIpv6 = '2000::/3';

const notPublicIpv6 = [
  '2001::/23', // IETF protocols: Teredo (2001::/32), benchmarks, ORCHID (2001:10::/28, 2001:20::/28)
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4: an IPv4 address inside
  '3fff::/20', // documentation
];

type Address = { readonly family: 4 | 6; readonly value: bigint };

const ipv4Format = /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/;
const ipv6Characters = /^[\da-f:.]+$/i;

const readIpv4 = (text: string): Address | undefined => {
  if (!ipv4Format.test(text)) return undefined;
  const bytes = text.split('.').map(Number);
  if (bytes.some((byte) => byte > 255)) return undefined;
  return { family: 4, value: bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n) };
};

const groupsOf = (part: string): string[] => (part === '' ? [] : part.split(':'));

const readIpv6 = (text: string): Address | undefined => {
  if (!ipv6Characters.test(text) || !URL.canParse(`http://[${text}]`)) return undefined;
  // The parser writes an address in one way: hexadecimal groups, at most one of the gaps as "::".
  const [head = '', tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::');
  const after = groupsOf(tail ?? '');
  const before = groupsOf(head);
  const gap = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const value = [...before, ...gap, ...after].reduce(
    (sum, group) => sum * 0x1_0000n + BigInt(`0x${group}`),
    0n,
  );
  return { family: 6, value };
};

/** Dotted decimals without leading zeros, or IPv6 without a zone; everything else is no address. */
const readAddress = (text: string): Address | undefined => readIpv4(text) ?? readIpv6(text);

const block = (text: string): ((address: Address) => boolean) => {
  const [start = '', prefix = ''] = text.split('/');
  const base = readAddress(start);
  const shift = BigInt((base?.family === 4 ? 32 : 128) - Number(prefix));
  return ({ family, value }) => family === base?.family && value >> shift === base.value >> shift;
};

const notPublic = [...notPublicIpv4, ...notPublicIpv6].map(block);
const globalUnicast = block(globalUnicastIpv6);
const loopback = ['127.0.0.0/8', '::1/128'].map(block);

/** Whether the text is an IP address as resolvers and sockets write them. */
export const isAddress = (text: string): boolean => readAddress(text) !== undefined;

/** Whether the public internet routes to it. False for what is no address. */
export const isPublicAddress = (text: string): boolean => {
  const address = readAddress(text);
  if (address === undefined) return false;
  if (address.family === 6 && !globalUnicast(address)) return false;
  return !notPublic.some((holds) => holds(address));
};

/** 127.0.0.0/8 and ::1; false for IPv4-mapped ones, which nobody has to write. */
export const isLoopbackAddress = (text: string): boolean => {
  const address = readAddress(text);
  return address !== undefined && loopback.some((holds) => holds(address));
};
