import { assert, ipV6, nat, oneof, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { zAllowList } from '../src/outbound/allow-list.ts';
import { type OutboundRules, outboundVerdict } from '../src/outbound/verdict.ts';

const STRICT: OutboundRules = { allow: [], loopback: false, own: [], machine: [] };
const allowing = (list: string): OutboundRules => ({ ...STRICT, allow: zAllowList().parse(list) });
const judged = (address: string, rules = STRICT, { name = null as string | null, port = 80 } = {}) =>
  outboundVerdict({ name, address, port }, rules).kind;

describe('addresses in every notation', () => {
  it.each([
    ['a public one', '93.184.215.14', 'allowed'],
    ['a public one over IPv6', '2606:4700::1111', 'allowed'],
    ['the loopback', '127.0.0.1', 'unlisted'],
    ['any other of the loopback', '127.8.9.10', 'unlisted'],
    ['the loopback in hex', '0x7f000001', 'unlisted'],
    ['the loopback in octal', '0177.0.0.1', 'unlisted'],
    ['the loopback as one number', '2130706433', 'unlisted'],
    ['the loopback, shortened', '127.1', 'unlisted'],
    ['the loopback over IPv6', '::1', 'unlisted'],
    ['the loopback, mapped', '::ffff:127.0.0.1', 'unlisted'],
    ['the loopback, mapped, in hex', '::ffff:7f00:1', 'unlisted'],
    ['the loopback, compatible', '::127.0.0.1', 'unlisted'],
    ['the loopback through NAT64', '64:ff9b::7f00:1', 'unlisted'],
    ['the loopback through 6to4', '2002:7f00:1::', 'unlisted'],
    ['10/8', '10.255.0.1', 'unlisted'],
    ['172.16/12', '172.31.255.255', 'unlisted'],
    ['192.168/16', '192.168.1.1', 'unlisted'],
    ['10/8 through NAT64', '64:ff9b::a00:1', 'unlisted'],
    ['a carrier', '100.64.0.1', 'unlisted'],
    ['unique local', 'fd12:3456::1', 'unlisted'],
    ['metadata', '169.254.169.254', 'never'],
    ['metadata, mapped', '::ffff:169.254.169.254', 'never'],
    ['metadata through 6to4', '2002:a9fe:a9fe::', 'never'],
    ['metadata of Amazon over IPv6', 'fd00:ec2::254', 'never'],
    ['metadata of Google over IPv6', 'fd20:ce::254', 'never'],
    ['metadata of Alibaba', '100.100.100.200', 'never'],
    ['metadata of Azure', '168.63.129.16', 'never'],
    ['link-local over IPv6', 'fe80::1', 'never'],
    ['link-local with a zone', 'fe80::1%eth0', 'never'],
    ['unspecified', '0.0.0.0', 'never'],
    ['unspecified over IPv6', '::', 'never'],
    ['this network', '0.1.2.3', 'never'],
    ['a group', '224.0.0.1', 'never'],
    ['a group over IPv6', 'ff02::1', 'never'],
    ['everybody', '255.255.255.255', 'never'],
    ['reserved', '240.0.0.1', 'never'],
    ['documentation', '2001:db8::1', 'never'],
    ['benchmarks', '198.18.0.1', 'never'],
    ['Teredo', '2001::1', 'never'],
    ['NAT64 of a network of its own', '64:ff9b:1::1', 'never'],
    ['not given out', '4000::1', 'never'],
    ['no address at all', 'localhost', 'never'],
  ])('%s: %s is %s', (_what, address, kind) => {
    expect(judged(address)).toBe(kind);
  });
});

describe('the allow-list', () => {
  it.each([
    ['10.0.0.0/8', '10.1.2.3', 'allowed'],
    ['10.0.0.0/8', '::ffff:10.1.2.3', 'allowed'],
    ['10.0.0.0/8', '11.1.2.3', 'allowed'],
    ['10.0.0.0/8', '192.168.0.1', 'unlisted'],
    ['127.0.0.1:80', '127.0.0.1', 'allowed'],
    ['127.0.0.1:81', '127.0.0.1', 'unlisted'],
    ['[::1]:80, fd00::/8', '::1', 'allowed'],
    ['[::1]:80, fd00::/8', 'fd01::1', 'allowed'],
    ['0.0.0.0/0, ::/0', '169.254.169.254', 'never'],
    ['0.0.0.0/0, ::/0', 'fe80::1', 'never'],
    ['169.254.169.254:80', '169.254.169.254', 'never'],
  ])('%s and %s: %s', (list, address, kind) => {
    expect(judged(address, allowing(list))).toBe(kind);
  });

  it('takes a name for whatever it stands for, where the URL writes that name', () => {
    const rules = allowing('hooks.internal:8080');
    expect(judged('10.0.0.5', rules, { name: 'hooks.internal', port: 8080 })).toBe('allowed');
    expect(judged('10.0.0.5', rules, { name: 'other.internal', port: 8080 })).toBe('unlisted');
    expect(judged('10.0.0.5', rules, { name: 'hooks.internal', port: 81 })).toBe('unlisted');
    expect(judged('169.254.169.254', rules, { name: 'hooks.internal', port: 8080 })).toBe('never');
  });

  it.each([
    '10.0.0.0/33',
    '10.0.0.1:0',
    '10.0.0.1:70000',
    'http://a',
    'a b',
    '10.0.0',
    '[::1',
    '1.2.3.4.5',
    ',',
    'a..b',
  ])('refuses %s with the forms that it takes', (list) => {
    const parsed = z.object({ list: zAllowList() }).safeParse({ list });
    expect(parsed.error?.issues[0]?.message).toMatch(/hooks\.internal/);
  });
});

describe('our own ports', () => {
  const own = [
    { host: 'localhost', port: 7600 },
    { host: '10.0.0.5', port: 5432 },
    { host: 'db.internal', port: 5433 },
  ];
  const rules: OutboundRules = { ...allowing('0.0.0.0/0'), loopback: true, own, machine: ['203.0.114.7', '10.9.9.9'] };

  it.each([
    ['on the loopback', '127.0.0.1', 7600, null, 'never'],
    ['on another address of the loopback', '127.0.0.2', 7600, null, 'never'],
    ['at a public address of this machine', '203.0.114.7', 7600, null, 'never'],
    ['at a private address of this machine', '10.9.9.9', 7600, null, 'never'],
    ['on another machine', '203.0.114.8', 7600, null, 'allowed'],
    ['beside them on the loopback', '127.0.0.1', 7650, null, 'allowed'],
    ['of a store', '10.0.0.5', 5432, null, 'never'],
    ['beside that of a store', '10.0.0.5', 80, null, 'allowed'],
    ['of a store that has a name', '10.0.0.6', 5433, 'db.internal', 'never'],
  ])('%s: %s:%i (%s) is %s', (_where, address, port, name, kind) => {
    expect(judged(address, rules, { name, port })).toBe(kind);
  });
});

describe('however an address is written', () => {
  const octets = tuple(nat(255), nat(255), nat(255), nat(255));
  it('it is judged alike', () => {
    assert(
      property(octets, ([a, b, c, d]) => {
        const kind = judged(`${a}.${b}.${c}.${d}`);
        const number = ((a * 256 + b) * 256 + c) * 256 + d;
        const [high, low] = [(a * 256 + b).toString(16), (c * 256 + d).toString(16)];
        for (const other of [
          `0x${number.toString(16)}`,
          `::ffff:${a}.${b}.${c}.${d}`,
          `::ffff:${high}:${low}`,
          `64:ff9b::${high}:${low}`,
          `2002:${high}:${low}::1`,
        ])
          expect(judged(other), other).toBe(kind);
      }),
    );
  });

  it('no list opens what is never opened', () => {
    const everything = allowing('0.0.0.0/0, ::/0');
    assert(
      property(
        oneof(
          octets.map((each) => each.join('.')),
          ipV6(),
        ),
        (address) => {
          if (judged(address) === 'never') expect(judged(address, everything)).toBe('never');
        },
      ),
    );
  });
});
