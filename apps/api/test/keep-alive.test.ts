import { loadConfig } from '@hearth/kit';
import { describe, expect, it } from 'vitest';
import { apiConfigSchema } from '../src/config.ts';
import { keepAliveOf, wireKeepAlive } from '../src/keep-alive.ts';

describe('keepAliveOf', () => {
  it.each([
    [300, { kind: 'fixed', ms: 300_000 }],
    [0, { kind: 'fixed', ms: 0 }],
    [0.5, { kind: 'fixed', ms: 500 }],
    ['90', { kind: 'fixed', ms: 90_000 }],
    ['1h30m', { kind: 'fixed', ms: 5_400_000 }],
    ['31d', { kind: 'fixed', ms: 2_678_400_000 }],
    ['until-needed', { kind: 'until-needed' }],
    ['auto', { kind: 'auto' }],
  ] as const)('%j', (value, want) => {
    expect(keepAliveOf(value)).toEqual(want);
  });
  it.each([['32d'], [-1], ['AUTO'], ['until needed'], [''], [Number.NaN]])('refuses %j', (value) => {
    expect(() => keepAliveOf(value)).toThrow(RangeError);
  });
  it('goes over the wire as it came, a time in seconds', () => {
    expect([keepAliveOf('auto'), keepAliveOf('until-needed'), keepAliveOf('5m')].map(wireKeepAlive)).toEqual([
      'auto',
      'until-needed',
      300,
    ]);
  });
});

describe('HEARTH_KEEP_ALIVE', () => {
  const read = (value?: string) =>
    loadConfig(apiConfigSchema, { DATABASE_URL: 'postgres://localhost/h', HEARTH_KEEP_ALIVE: value }).keepAlive;
  it('is five minutes, a duration, or a word', () => {
    expect(read()).toEqual({ kind: 'fixed', ms: 300_000 });
    expect(read('1h')).toEqual({ kind: 'fixed', ms: 3_600_000 });
    expect(read('auto')).toEqual({ kind: 'auto' });
  });
  it('names what is allowed', () => {
    expect(() => read('soon')).toThrow(
      'HEARTH_KEEP_ALIVE is "soon"; allowed: a duration of at most 31 days such as 300, 30s or 5m, until-needed, or auto',
    );
  });
});
