import type { InstanceRow } from '@hearth/store';
import { describe, expect, it } from 'vitest';
import { callbackBase, isCovered, listenAddresses } from '../src/addresses.ts';
import { readConfig } from '../src/config.ts';
import { nextLookAt } from '../src/deadlines.ts';
import { consumerChanges, type IntakeView } from '../src/intake/consumers.ts';

const instance = (id: string, state: InstanceRow['state'], over: Partial<InstanceRow> = {}): InstanceRow => ({
  id,
  state,
  deploymentId: 'd',
  versionId: 'v',
  hardwareSku: 'cpu',
  hostId: 'h',
  deviceIds: [],
  gpuShareMiB: 0,
  runtime: 'process',
  memoryMiB: 1,
  cpus: 0,
  slots: 1,
  since: 0,
  reason: '',
  address: 'http://127.0.0.1:1',
  callbackTokenHash: '',
  callbackHost: null,
  phases: {},
  failure: null,
  pull: null,
  createdAt: 0,
  ...over,
});
const view = (over: Partial<IntakeView> = {}): IntakeView => ({
  intake: 'open',
  healthy: true,
  inFlight: 0,
  said: false,
  ...over,
});

describe('consumers ↔ instances', () => {
  const rows: [string, InstanceRow['state'], Partial<IntakeView> | null, string][] = [
    ['a ready instance gets a consumer', 'ready', null, 'open'],
    [
      'a ready instance that runs what an earlier dispatcher sent gets one too',
      'ready',
      { intake: 'unopened', inFlight: 1 },
      'open',
    ],
    ['a ready instance keeps its consumer', 'ready', {}, ''],
    ['a booting instance with an address gets one that takes nothing yet', 'booting', null, 'prepare'],
    ['and gets it once', 'booting', { intake: 'prepared' }, ''],
    ['once ready, it takes', 'ready', { intake: 'prepared' }, 'open'],
    [
      'a draining instance whose consumer took nothing yet is said at once',
      'draining',
      { intake: 'prepared' },
      'sayClosed',
    ],
    ['one that was lost and has returned gets another', 'ready', { intake: 'closed' }, 'open'],
    ['but not before it has let go of what it held', 'ready', { intake: 'closed', inFlight: 1 }, ''],
    ['nor while the old one closes', 'ready', { intake: 'closing' }, ''],
    ['a draining instance loses it', 'draining', { inFlight: 1 }, 'close'],
    ['an unhealthy instance loses it', 'ready', { healthy: false }, 'close'],
    ['while its consumer closes, nothing is said', 'draining', { intake: 'closing' }, ''],
    ['closed but not empty, nothing is said', 'draining', { intake: 'closed', inFlight: 1 }, ''],
    ['closed and empty, it is said', 'draining', { intake: 'closed' }, 'sayClosed'],
    ['closed, empty and unhealthy, it is said', 'ready', { intake: 'closed', healthy: false }, 'sayClosed'],
    ['a draining instance that never had one is said at once', 'draining', null, 'sayClosed'],
    ['but not while it runs what an earlier dispatcher sent', 'draining', { intake: 'unopened', inFlight: 1 }, ''],
    ['it is said once', 'draining', { intake: 'closed', said: true }, ''],
    ['an intake that was closed for ever stays closed', 'ready', { intake: 'unopened', said: true }, ''],
    ['a stopping instance loses its consumer', 'stopping', {}, 'close'],
    ['of a stopping instance nothing is said', 'stopping', { intake: 'closed' }, ''],
  ];
  it.each(rows)('%s', (_, state, held, change) => {
    const changes = consumerChanges([instance('i', state)], new Map(held ? [['i', view(held)]] : []));
    const made = [
      ...changes.prepare.map(() => 'prepare'),
      ...changes.open.map(() => 'open'),
      ...changes.close.map(() => 'close'),
      ...changes.sayClosed.map(() => 'sayClosed'),
      ...changes.gone.map(() => 'gone'),
    ];
    expect(made.join(' ')).toBe(change);
  });

  it('an instance without an address waits; one that is no longer live is gone', () => {
    const nowhere = [instance('b', 'booting', { address: null }), instance('r', 'ready', { address: null })];
    const changes = consumerChanges(nowhere, new Map([['old', view()]]));
    expect(changes).toEqual({ prepare: [], open: [], close: [], sayClosed: [], gone: ['old'] });
  });
});

describe('callback addresses', () => {
  const ownProcess = { runtime: 'process', callbackHost: null } as const;
  const ownContainer = { runtime: 'docker', callbackHost: null } as const;

  it('an instance of another machine calls the address that it was booted with', () => {
    const elsewhere = { runtime: 'docker', callbackHost: '10.0.0.5' } as const;
    expect(callbackBase(elsewhere, ['127.0.0.1', '172.17.0.1'], 7601)).toBe('http://10.0.0.5:7601');
    expect(isCovered('10.0.0.5', ['127.0.0.1'])).toBe(false);
    expect(isCovered('10.0.0.5', ['127.0.0.1', '10.0.0.5'])).toBe(true);
    expect(isCovered('10.0.0.5', ['0.0.0.0'])).toBe(true);
  });

  it('processes call over loopback, containers the address that leads out of theirs', () => {
    const hosts = ['127.0.0.1', '172.17.0.1'];
    expect(callbackBase(ownProcess, hosts, 7601)).toBe('http://127.0.0.1:7601');
    expect(callbackBase(ownContainer, hosts, 7601)).toBe('http://172.17.0.1:7601');
    expect(listenAddresses(hosts)).toEqual(hosts);
  });

  it('a wildcard is listened on, and the others are only names', () => {
    const hosts = ['0.0.0.0', 'dispatcher.internal'];
    expect(listenAddresses(hosts)).toEqual(['0.0.0.0']);
    expect(callbackBase(ownContainer, hosts, 7601)).toBe('http://dispatcher.internal:7601');
    expect(callbackBase(ownProcess, ['::1'], 1)).toBe('http://[::1]:1');
  });
});

describe('configuration', () => {
  it('has a default for all but the database', () => {
    expect(readConfig({ DATABASE_URL: 'postgres://h/d', HEARTH_PORT: '80' })).toMatchObject({
      publicUrl: 'http://localhost:80',
      callbackPort: 7601,
      callbackHosts: ['127.0.0.1'],
      predictionTimeoutMs: 1_800_000,
      cancelGraceMs: 10_000,
      logLevel: 'info',
      redisUrl: undefined,
    });
  });

  it('names what is wrong', () => {
    const env = { DATABASE_URL: 'postgres://h/d', HEARTH_CANCEL_GRACE: 'soon', HEARTH_CALLBACK_HOST: 'a,,b' };
    expect(() => readConfig(env)).toThrow(/HEARTH_CANCEL_GRACE is "soon"; allowed: a duration/);
    expect(() => readConfig(env)).toThrow(/HEARTH_CALLBACK_HOST is "a,,b"; allowed: addresses separated by commas/);
    expect(() => readConfig({})).toThrow(/DATABASE_URL is not set/);
  });
});

describe('the next look for deadlines', () => {
  it.each([
    ['none', null, 100, 120, null],
    ['one to come is looked for when it comes', 500, 100, 120, 500],
    ['one that came due while we looked is looked for at once', 110, 100, 120, 121],
    ['one that was met by the look is not looked for again', 100, 100, 120, null],
  ])('%s', (_, deadline, lookedAt, now, at) => {
    expect(nextLookAt(deadline, lookedAt, now)).toBe(at);
  });
});
