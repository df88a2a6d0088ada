import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAddress } from '../../../lib/callback/address.ts';
import {
  mayReach,
  readTarget,
  type TargetRefusal,
  targetRefusals,
} from '../../../lib/callback/target.ts';
import { refusals } from './refused-urls.ts';

const strict = { allowHttpLoopback: false };
const local = { allowHttpLoopback: true };
const whyNot = (url: string, options = strict): TargetRefusal | 'admitted' => {
  const reading = readTarget(url, options);
  return reading.kind === 'refused' ? reading.why : 'admitted';
};
const targetOf = (url: string, options = strict) => {
  const reading = readTarget(url, options);
  if (reading.kind === 'refused') throw new Error(`${url}: ${reading.why}`);
  return reading.target;
};

describe('readTarget', () => {
  const cases = refusals.flatMap(([why, ...urls]) => urls.map((url) => [url, why] as const));
  it.each(cases)('refuses %j (%s)', (url, why) => {
    expect(whyNot(url)).toBe(why);
  });

  it('says for each refusal what is wrong', () => {
    const used = new Set(refusals.map(([why]) => why));
    expect(Object.keys(targetRefusals).filter((why) => ![...used].some((u) => u === why))).toEqual(
      [],
    );
  });

  it('takes a name apart as it is dialled, asked for and told to the server', () => {
    expect(targetOf('HTTPS://Hooks.Example.COM:443/a/../b?c=%20d')).toEqual({
      secure: true,
      hostname: 'hooks.example.com',
      literal: false,
      port: 443,
      host: 'hooks.example.com',
      path: '/b?c=%20d',
      reach: 'public',
    });
    expect(targetOf('https://bücher.example.com:8443')).toMatchObject({
      hostname: 'xn--bcher-kva.example.com',
      port: 8443,
      host: 'xn--bcher-kva.example.com:8443',
      path: '/',
    });
    expect(targetOf('https://example.com./x')).toMatchObject({
      hostname: 'example.com',
      host: 'example.com',
    });
  });

  it('takes public addresses for addresses, in whatever spelling', () => {
    const google = { hostname: '8.8.8.8', literal: true, host: '8.8.8.8', reach: 'public' };
    for (const host of [
      '8.8.8.8',
      '134744072',
      '0x08080808',
      '010.8.8.8',
      '８.８.８.８',
      '8.8.8.8.',
    ]) {
      expect(targetOf(`https://${host}/`)).toMatchObject(google);
    }
    expect(targetOf('https://[2606:4700:4700:0::1111]:8443/')).toMatchObject({
      hostname: '2606:4700:4700::1111',
      literal: true,
      host: '[2606:4700:4700::1111]:8443',
    });
  });

  it('admits receivers’ usual URLs', () => {
    const usual = [
      'https://example.com',
      'https://hooks.example.com/outlast?token=abc%2F',
      'https://my_app.example.com/',
      'https://a.b.c.d.example.co.uk:65535/',
      'https://3com.com/',
      'https://127.0.0.1.nip.io/', // a name: what it resolves to is refused when it is dialled
      `https://example.com/${'x'.repeat(2_028)}`,
    ];
    expect(usual.map((url) => whyNot(url))).toEqual(usual.map(() => 'admitted'));
  });

  it('admits http to the own machine only when told so, and to nowhere else', () => {
    const own = [
      'http://127.0.0.1:3000/x',
      'http://127.8.9.1/',
      'http://[::1]:3000/',
      'http://localhost:3000/',
      'http://app.localhost/',
    ];
    expect(own.map((url) => whyNot(url))).toEqual(own.map(() => 'not_https'));
    expect(own.map((url) => targetOf(url, local).reach)).toEqual(own.map(() => 'loopback'));
    for (const url of [
      'http://example.com/',
      'http://10.0.0.1/',
      'http://0.0.0.0/',
      'http://[::ffff:127.0.0.1]/',
      'http://169.254.169.254/',
      'http://localhost.example.com/',
    ]) {
      expect(whyNot(url, local)).toBe('not_https');
    }
    expect(whyNot('https://127.0.0.1/', local)).toBe('not_public');
    expect(whyNot('https://localhost/', local)).toBe('bad_host');
  });

  it('never throws, and admits only public hosts in canonical spelling, whatever the text', () => {
    const odd = fc.constantFrom(...'a1.-_:/@#?%[]\\*\t １。①ß語\u00ad\u200b\ud800\u0000');
    const host = fc.oneof(
      fc.domain(),
      fc.ipV4Extended(),
      fc.ipV6().map((address) => `[${address}]`),
      fc.string({ unit: odd }),
    );
    const url = fc.oneof(
      fc.string({ unit: odd }),
      fc.tuple(host, fc.string()).map(([name, rest]) => `https://${name}${rest}`),
    );
    fc.assert(
      fc.property(url, (text) => {
        const reading = readTarget(text, strict);
        if (reading.kind === 'refused') return;
        const { target } = reading;
        expect(target.secure).toBe(true);
        expect(target.hostname).toMatch(/^[a-z\d._:-]+$/);
        expect(target.path).toMatch(/^\/[\u0021-\u007e]*$/);
        expect(target.literal).toBe(isAddress(target.hostname));
        if (target.literal) expect(mayReach(target, target.hostname)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('mayReach', () => {
  it('admits public addresses to https and loopback ones to http', () => {
    const addresses = ['8.8.8.8', '127.0.0.1', '10.0.0.1', '::1', '2606:4700::1'];
    const reached = (reach: 'public' | 'loopback') =>
      addresses.filter((address) => mayReach({ reach }, address));
    expect(reached('public')).toEqual(['8.8.8.8', '2606:4700::1']);
    expect(reached('loopback')).toEqual(['127.0.0.1', '::1']);
  });
});
