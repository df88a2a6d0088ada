import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAddress, isLoopbackAddress, isPublicAddress } from '../../../lib/callback/address.ts';

/** First and last address of each block, and what lies just outside where that is public. */
const blocksIpv4: readonly (readonly [string, string, ...string[]])[] = [
  ['0.0.0.0', '0.255.255.255', '1.0.0.0'],
  ['10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
  ['100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
  ['127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
  ['169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
  ['172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
  ['192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
  ['192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
  ['192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
  ['192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
  ['198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
  ['198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
  ['203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
  ['224.0.0.0', '239.255.255.255', '223.255.255.255'],
  ['240.0.0.0', '255.255.255.255'],
];

const notPublicIpv6: readonly (readonly [string, ...string[]])[] = [
  ['unspecified', '::'],
  ['loopback', '::1'],
  ['IPv4-compatible', '::7f00:1', '::8.8.8.8'],
  ['IPv4-mapped', '::ffff:127.0.0.1', '::ffff:a9fe:a9fe', '::ffff:8.8.8.8'],
  ['IPv4-translated', '::ffff:0:7f00:1'],
  ['NAT64', '64:ff9b::7f00:1', '64:ff9b::a9fe:a9fe', '64:ff9b::8.8.8.8', '64:ff9b:1::a00:1'],
  ['discard', '100::1'],
  ['Teredo', '2001::1', '2001:0:7f00:1::', '2001:0:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['benchmarks', '2001:2::1'],
  ['ORCHID', '2001:10::1', '2001:1f:ffff::', '2001:20::1', '2001:2f:ffff::'],
  ['documentation', '2001:db8::1', '2001:db8:ffff::1', '3fff::1', '3fff:fff:ffff::1'],
  ['6to4', '2002::', '2002:7f00:1::', '2002:a9fe:a9fe::1', '2002:808:808::1'],
  ['SRv6', '5f00::1'],
  ['unassigned', '1fff::1', '4000::1', '8000::1', 'e000::1'],
  ['unique local', 'fc00::1', 'fd00::1', 'fdff:ffff::1'],
  ['EC2 metadata', 'fd00:ec2::254', 'fd00:ec2::23', 'fd00:ec2::253'],
  ['link-local', 'fe80::1', 'febf:ffff::1', 'fe80::a9fe:a9fe'],
  ['site-local', 'fec0::1', 'feff::1'],
  ['multicast', 'ff00::1', 'ff02::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
];

const publicIpv6 = [
  '2000::1',
  '2001:200::1',
  '2001:4860:4860::8888',
  '2001:db7:ffff::1',
  '2001:db9::1',
  '2003::1',
  '2600:1f18::1',
  '2606:4700:4700::1111',
  '2a00:1450:4001:81b::200e',
  '3ffe:ffff::1',
  '3fff:1000::1',
];

describe('isPublicAddress', () => {
  it.each(blocksIpv4)('refuses %s to %s and nothing beside it', (first, last, ...outside) => {
    expect([first, last].map(isPublicAddress)).toEqual([false, false]);
    expect(outside.filter((address) => !isPublicAddress(address))).toEqual([]);
  });

  it.each(notPublicIpv6)('refuses %s IPv6', (_, ...addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([]);
  });

  it('refuses what is reached inside a Lambda sandbox, an EC2 host or a container', () => {
    const inside = [
      '127.0.0.1', // Lambda's runtime API
      '169.254.100.1', // Lambda's runtime API on newer hosts
      '169.254.79.129', // X-Ray's daemon
      '169.254.76.1',
      '169.254.78.1',
      '169.254.169.254', // EC2 metadata
      '169.254.170.2', // ECS credentials
      '169.254.170.23', // EKS Pod Identity
      '169.254.169.253', // the VPC's resolver
      '169.254.169.123', // the VPC's clock
      'fd00:ec2::254',
      'fd00:ec2::23',
    ];
    expect(inside.filter(isPublicAddress)).toEqual([]);
  });

  it('admits the public internet', () => {
    const open = ['1.1.1.1', '8.8.8.8', '52.94.236.248', '93.184.215.14', ...publicIpv6];
    expect(open.filter((address) => !isPublicAddress(address))).toEqual([]);
  });

  it('refuses what is not an address, and every other spelling of one', () => {
    const others = [
      '',
      'example.com',
      '8.8.8',
      '8.8.8.8.',
      '8.8.8.8.8',
      '08.8.8.8',
      '8.8.8.256',
      '8.8.8.-1',
      '8.8.8.8 ',
      '0x8.8.8.8',
      '134744072',
      '８.8.8.8',
      '[2606:4700::1]',
      '2606:4700::1%eth0',
      '2606:4700::1%25eth0',
      '2606:4700::1]/@[::1',
      '2606:4700:::1',
      '2606:4700::1::2',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '2606:4700::fffff',
      ':',
      ':1',
    ];
    expect(others.filter((text) => isAddress(text) || isPublicAddress(text))).toEqual([]);
  });

  it('agrees with Node’s own block list on any address', () => {
    // Two lists: in one, an IPv6 rule is applied to IPv4 addresses as mapped ones too.
    const [ipv4List, ipv6List] = [new BlockList(), new BlockList()];
    for (const [first, last] of blocksIpv4) ipv4List.addRange(first, last, 'ipv4');
    for (const [start, prefix] of [
      ['::', 3],
      ['4000::', 2],
      ['8000::', 1],
      ['2001::', 23],
      ['2001:db8::', 32],
      ['2002::', 16],
      ['3fff::', 20],
    ] as const) {
      ipv6List.addSubnet(start, prefix, 'ipv6');
    }
    const near = fc.constantFrom('2001', '2002', '3fff', '2000', 'fe80', '64', '0', '1fff', '4000');
    const ipv6 = fc.oneof(
      fc.ipV6(),
      fc
        .tuple(near, fc.ipV6())
        .map(([group, rest]) => `${group}:${rest.slice(rest.indexOf(':') + 1)}`),
    );
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPublicAddress(address)).toBe(!ipv4List.check(address, 'ipv4'));
      }),
      { numRuns: 1_000 },
    );
    fc.assert(
      fc.property(ipv6, (address) => {
        fc.pre(isAddress(address));
        expect(isPublicAddress(address)).toBe(!ipv6List.check(address, 'ipv6'));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('isLoopbackAddress', () => {
  it('admits the own machine’s addresses only', () => {
    expect(['127.0.0.1', '127.255.0.9', '::1', '0:0::1'].every(isLoopbackAddress)).toBe(true);
    const others = ['0.0.0.0', '128.0.0.1', '::', '::2', '::ffff:127.0.0.1', 'localhost', ''];
    expect(others.filter(isLoopbackAddress)).toEqual([]);
  });
});
