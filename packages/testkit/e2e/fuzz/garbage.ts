import type { Chance } from './chance.ts';

/** Path segments that no thing is called by, some encoded, some as no client would encode them. */
const SEGMENTS = [
  '%00',
  'a%00b',
  '%',
  '%zz',
  '%E0%A4%A',
  '%ff%fe',
  '%C0%AE%C0%AE',
  '%u0041',
  '.',
  '..',
  '%2e%2e',
  '..%2f..%2f..%2fetc%2fpasswd',
  '%2e%2e%5c%2e%2e%5cwin.ini',
  '%27%20OR%201=1--',
  '%22%3E%3Cscript%3E',
  '%E6%97%A5%E6%9C%AC',
  '%F0%9F%92%A9',
  '%ED%A0%80',
  '%0d%0aSet-Cookie:%20a=b',
  '%20',
  '+',
  '\u00ff\u00fe',
  '*',
  '-1',
  '0',
  '1e309',
  '18446744073709551616',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'undefined',
  'NaN',
  '{}',
  '[]',
  '$ne',
  ';',
  ':',
  '@',
  '~',
  'abc.def',
  '=',
  '0'.repeat(64),
  'f'.repeat(64),
  '0'.repeat(26),
  'zzzzzzzzzzzzzzzzzzzzzzzzzz',
  'x'.repeat(3_000),
  '%41'.repeat(1_000),
];

/** Header values that are legal on the wire and nothing else. */
const HEADER_VALUES = [
  '',
  ' ',
  ',',
  ',,,,',
  ';',
  '=',
  '"',
  '"unclosed',
  'wait',
  'wait=',
  'wait=-1',
  'wait=1e9',
  'wait=NaN',
  'wait=5; wait=6',
  'respond-async, wait=abc',
  'WAIT=""',
  'bytes=0-',
  'bytes=-',
  'bytes=--1',
  'bytes=9-1',
  'bytes=99999999999999999999-',
  'bytes=0-0,2-3,5-',
  'octets=1-2',
  '1690212292:0',
  ':',
  '0:0:0:0',
  '-1:-1',
  '9999999999999999:1',
  '*/*',
  'text/event-stream',
  'application/json;q=9',
  'gzip;q=0, identity;q=0',
  'W/"x"',
  'Thu, 99 Foo 2026 99:99:99 GMT',
  '\u00e9\u00ff',
  '{"a":1}',
  '../../etc/passwd',
  'null',
  'x'.repeat(2_000),
  '127.0.0.1, ::1, unknown, _hidden',
];

const HEADER_NAMES = [
  'prefer',
  'last-event-id',
  'range',
  'if-range',
  'if-none-match',
  'if-modified-since',
  'accept',
  'accept-encoding',
  'accept-language',
  'origin',
  'referer',
  'cookie',
  'user-agent',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'forwarded',
  'x-http-method-override',
  'x-request-id',
  'traceparent',
  'access-control-request-method',
  'content-language',
  'content-encoding',
  'te',
  'dnt',
  'via',
];

/** Texts for a query and for a body. */
const TEXTS = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '日本',
  '💩',
  '-1',
  '0',
  '1e400',
  '9007199254740993',
  'NaN',
  'null',
  'true',
  '../../etc/passwd',
  "'; drop table predictions; --",
  '__proto__',
  '{"$ne":null}',
  '2026-99-99T99:99:99Z',
  '2026-01-01',
  '0000-00-00T00:00:00Z',
  '+275760-09-13T00:00:00.001Z',
  '9999-12-31T23:59:59.999+23:59',
  'AAAA',
  '////',
  'MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU=',
  Buffer.from('{"at":1e400,"id":null}').toString('base64url'),
  Buffer.from('[[[[]]]]').toString('base64url'),
  Buffer.from('\0').toString('base64url'),
  Buffer.from(`zzzz\0${'9'.repeat(40)}`).toString('base64url'),
  'x'.repeat(4_000),
];

export const segment = (chance: Chance): string => chance.pick(SEGMENTS);
export const text = (chance: Chance): string => chance.pick(TEXTS);
export const headerValue = (chance: Chance): string => chance.pick(HEADER_VALUES);

/** A few headers that mean nothing here, or nothing that a server may fall over. */
export function oddHeaders(chance: Chance): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let n = chance.below(4); n > 0; n--) headers[chance.pick(HEADER_NAMES)] = headerValue(chance);
  if (chance.oneIn(40)) for (let n = 0; n < 60; n++) headers[`x-odd-${n}`] = 'x'.repeat(50);
  return headers;
}

/** A query of declared parameters with values that mean nothing, and of others. */
export function oddQuery(chance: Chance, declared: readonly string[]): string {
  const names = [...declared, ...declared, 'cursor', 'limit', '__proto__', 'a[b][c]', '', 'constructor[prototype]'];
  const pairs = Array.from({ length: chance.below(4) }, () => {
    const value = chance.oneIn(4) ? segment(chance) : encodeURIComponent(text(chance).toWellFormed());
    return `${encodeURIComponent(chance.pick(names))}=${value}`;
  });
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** Any JSON value of a kind that is not among `kinds`; undefined where every kind is. */
export function valueNot(chance: Chance, kinds: ReadonlySet<Kind>): unknown {
  const others = KINDS.filter((kind) => !kinds.has(kind) && !(kind === 'number' && kinds.has('integer')));
  return others.length === 0 ? undefined : valueOf(chance, chance.pick(others));
}

export type Kind = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'array' | 'object';
const KINDS = ['string', 'number', 'boolean', 'null', 'array', 'object'] as const;

export function valueOf(chance: Chance, kind: Kind): unknown {
  switch (kind) {
    case 'string':
      return text(chance);
    case 'number':
    case 'integer':
      return chance.pick([0, -0, -1, 1, 1e308, -1e308, 2 ** 53, 2 ** 31, 0.1, 5e-324, 1e21]);
    case 'boolean':
      return chance.oneIn(2);
    case 'null':
      return null;
    case 'array':
      return chance.pick([[], [null], [[]], [1, 'a', {}], Array<number>(2_000).fill(1), nested(chance.pick([3, 200]))]);
    case 'object':
      return chance.pick<object>([{}, { a: 1 }, { toString: 1 }, { length: -1 }, { '': '' }, { a: nested(50) }]);
  }
}

/** `[[[…]]]`, so deep. */
function nested(depth: number): unknown {
  let value: unknown = [];
  for (let n = 0; n < depth; n++) value = [value];
  return value;
}

/** Bytes that say they are JSON and are not. */
export const notJson = (chance: Chance): Buffer =>
  chance.pick([
    Buffer.from('{'),
    Buffer.from('{"input":'),
    Buffer.from("{'input':{}}"),
    Buffer.from('{"input":{},}'),
    Buffer.from('{"a":1}{"a":1}'),
    Buffer.from('{"a":01}'),
    Buffer.from('{"a":NaN}'),
    Buffer.from('{"__proto__":{"admin":true}}'),
    Buffer.from('{"constructor":{"prototype":{"admin":true}}}'),
    Buffer.from('undefined'),
    Buffer.from('\u00a0'),
    Buffer.from([0]),
    Buffer.from([0xff, 0xfe, 0xfd]),
    Buffer.from([0xc3, 0x28]),
    Buffer.from('['.repeat(50_000)),
    Buffer.from('{"a":'.repeat(20_000)),
    Buffer.from('{"a":"\n"}'),
    Buffer.from('{"input":{"text":"hi"}}', 'utf16le'),
    Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('{"input":{}}', 'utf16le')]),
  ]);
