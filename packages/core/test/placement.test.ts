import { describe, expect, it } from 'vitest';
import {
  evictionFor,
  freeGiven,
  type Host,
  type Instance,
  longestIdleFirst,
  type Need,
  placeOn,
  whyNot,
} from '../src/index.ts';
import { device, host, instance, need } from './build.ts';

const gpu = (count: number, vramMiB = 24_000): Partial<Need> => ({ gpus: count, vramMiB, memoryMiB: 1_000 });

describe('placeOn', () => {
  interface Case {
    name: string;
    hosts: Host[];
    held?: Instance[];
    need?: Partial<Need>;
    want: string | null;
  }
  const cases: Case[] = [
    { name: 'no host, no place', hosts: [], want: null },
    { name: 'memory that fits exactly', hosts: [host({ memoryMiB: 8_000 })], want: 'h1' },
    { name: 'one MiB short', hosts: [host({ memoryMiB: 7_999 })], want: null },
    { name: 'what is held counts', hosts: [host({ memoryMiB: 15_999 })], held: [instance()], want: null },
    {
      name: 'what another host holds does not',
      hosts: [host({ memoryMiB: 8_000 })],
      held: [instance({ hostId: 'h2' })],
      want: 'h1',
    },
    { name: 'cordoned hosts get nothing', hosts: [host({ cordoned: true })], want: null },
    { name: 'nor do draining ones', hosts: [host({ draining: true })], want: null },
    { name: 'nor do lost ones', hosts: [host({ lost: true })], want: null },
    { name: 'a host of the other runtime gets nothing', hosts: [host({ runtimes: ['process'] })], want: null },
    {
      name: 'a host of both runtimes takes both',
      hosts: [host({ runtimes: ['docker', 'process'] })],
      need: { runtime: 'process' },
      want: 'h1',
    },
    {
      name: 'best fit: the host left with the least',
      hosts: [host({ id: 'h1', memoryMiB: 16_000 }), host({ id: 'h2', memoryMiB: 9_000 })],
      want: 'h2',
    },
    { name: 'equal fits: the first by id', hosts: [host({ id: 'h2' }), host({ id: 'h1' })], want: 'h1' },
    {
      name: 'CPU models stay off hosts with free GPUs',
      hosts: [host({ id: 'h1', memoryMiB: 8_000, devices: [device('g1')] }), host({ id: 'h2' })],
      want: 'h2',
    },
    { name: 'a GPU large enough', hosts: [host({ devices: [device('g1', 24_000)] })], need: gpu(1), want: 'h1 g1' },
    { name: 'a GPU one MiB too small', hosts: [host({ devices: [device('g1', 23_999)] })], need: gpu(1), want: null },
    {
      name: 'a GPU that is held whole',
      hosts: [host({ devices: [device('g1')] })],
      held: [instance({ deviceIds: ['g1'], memoryMiB: 0 })],
      need: gpu(1),
      want: null,
    },
    {
      name: 'the same device id on another host is another GPU',
      hosts: [host({ devices: [device('g1')] })],
      held: [instance({ hostId: 'h2', deviceIds: ['g1'], memoryMiB: 0 })],
      need: gpu(1),
      want: 'h1 g1',
    },
    {
      name: 'the GPU fits and the memory does not',
      hosts: [host({ memoryMiB: 999, devices: [device('g1')] })],
      need: gpu(1),
      want: null,
    },
    {
      name: 'the smallest GPU that suffices',
      hosts: [host({ devices: [device('g1', 80_000), device('g2', 24_000)] })],
      need: gpu(1, 16_000),
      want: 'h1 g2',
    },
    {
      name: 'a small GPU elsewhere spares a large one here',
      hosts: [
        host({ id: 'h1', devices: [device('g1', 80_000)] }),
        host({ id: 'h2', devices: [device('g1'), device('g2')] }),
      ],
      need: gpu(1),
      want: 'h2 g1',
    },
    {
      name: 'the host with the fewest free GPUs, so that groups stay whole',
      hosts: [
        host({ id: 'h1', devices: [device('a'), device('b')] }),
        host({ id: 'h2', devices: [device('c'), device('d')] }),
      ],
      held: [instance({ hostId: 'h2', deviceIds: ['c'], memoryMiB: 0 })],
      need: gpu(1),
      want: 'h2 d',
    },
    {
      name: 'two GPUs are on one host or nowhere',
      hosts: [host({ id: 'h1', devices: [device('a')] }), host({ id: 'h2', devices: [device('b')] })],
      need: gpu(2),
      want: null,
    },
    {
      name: 'two of three',
      hosts: [host({ devices: [device('c'), device('b'), device('a')] })],
      need: gpu(2),
      want: 'h1 a b',
    },
  ];
  it.each(cases)('$name', ({ hosts, held = [], need: over = {}, want }) => {
    const placement = placeOn(hosts, freeGiven(held), need(over));
    expect(placement && [placement.hostId, ...placement.deviceIds].join(' ')).toBe(want);
  });
});

describe('whyNot', () => {
  it.each([
    { hosts: [], over: {}, want: 'no-hardware: There is no host.' },
    { hosts: [host({ runtimes: ['process'] })], over: {}, want: 'no-hardware: No host runs Docker images.' },
    { hosts: [host()], over: { runtime: 'process' as const }, want: 'no-hardware: No host runs models as processes.' },
    {
      hosts: [host({ devices: [device('g1', 16_000)] })],
      over: gpu(1),
      want: 'no-hardware: No host has a GPU with at least 24000 MiB.',
    },
    {
      hosts: [host({ runtimes: ['process'], devices: [device('g1')] }), host({ id: 'h2' })],
      over: gpu(1),
      want: 'no-hardware: No host has a GPU with at least 24000 MiB.',
    },
    {
      hosts: [host({ devices: [device('a'), device('b', 16_000)] }), host({ id: 'h2', devices: [device('a')] })],
      over: gpu(2),
      want: 'no-hardware: An instance needs 2 GPUs with at least 24000 MiB on one host; no host has more than 1.',
    },
    {
      hosts: [host({ memoryMiB: 7_999 }), host({ id: 'h2', memoryMiB: 4_000 })],
      over: {},
      want: 'no-hardware: An instance needs 8000 MiB of memory; the largest host has 7999 MiB.',
    },
    {
      hosts: [host({ memoryMiB: 999, devices: [device('a')] }), host({ id: 'h2' })],
      over: gpu(1),
      want: 'no-hardware: No host has 1 GPUs with at least 24000 MiB and 1000 MiB of memory together.',
    },
    { hosts: [host({ cordoned: true })], over: {}, want: 'cordoned: Every host that could hold it is cordoned: h1.' },
    { hosts: [host({ lost: true })], over: {}, want: 'host-lost: Every host that could hold it is lost: h1.' },
    {
      hosts: [host({ lost: true }), host({ id: 'h2', draining: true })],
      over: {},
      want: 'host-lost: Every host that could hold it is lost or draining: h1 (lost), h2 (draining).',
    },
    {
      hosts: [host({ cordoned: true }), host({ id: 'h2' })],
      over: {},
      want: 'no-capacity: Every host that could hold it is full.',
    },
    { hosts: [host({ memoryMiB: 8_000 })], over: {}, want: 'no-capacity: Every host that could hold it is full.' },
  ])('$want', ({ hosts, over, want }) => {
    const { reason, detail } = whyNot(hosts, need(over));
    expect(`${reason}: ${detail}`).toBe(want);
  });
});

describe('evictionFor', () => {
  /** Idle since `lastUsedAt`, holding `memoryMiB` and GPUs. */
  const idle = (id: string, lastUsedAt: number, memoryMiB: number, deviceIds: string[] = [], hostId = 'h1') =>
    instance({ id, lastUsedAt, memoryMiB, deviceIds, hostId });
  interface Case {
    name: string;
    hosts: Host[];
    held: Instance[];
    /** Held, and not to be asked. */
    busy?: Instance[];
    need?: Partial<Need>;
    want: string[] | null;
    at?: string;
  }
  const gpus = [device('a'), device('b'), device('c')];
  const cases: Case[] = [
    { name: 'it fits already: nobody has to go', hosts: [host()], held: [], want: [] },
    {
      name: 'the longest idle goes',
      hosts: [host({ memoryMiB: 16_000 })],
      held: [idle('new', 2, 8_000), idle('old', 1, 8_000)],
      want: ['old'],
    },
    {
      name: 'one large rather than two small that are longer idle',
      hosts: [host({ memoryMiB: 16_000 })],
      held: [idle('s1', 1, 4_000), idle('s2', 2, 4_000), idle('large', 3, 8_000)],
      want: ['large'],
    },
    {
      name: 'of pairs that suffice, the longest idle',
      hosts: [host({ memoryMiB: 16_000 })],
      held: [idle('s1', 1, 3_000), idle('s2', 2, 5_000), idle('s3', 3, 5_000), idle('s4', 4, 3_000)],
      want: ['s1', 's2'],
    },
    {
      name: 'one that gives back too little is passed over',
      hosts: [host({ memoryMiB: 16_000 })],
      held: [idle('tiny', 1, 1_000), idle('s2', 2, 4_000), idle('s3', 3, 4_000), idle('s4', 4, 7_000)],
      want: ['tiny', 's4'],
    },
    {
      name: 'all together are too little: nobody goes',
      hosts: [host({ memoryMiB: 8_000 })],
      held: [idle('a', 1, 2_000), idle('b', 2, 2_000)],
      busy: [idle('x', 0, 4_000)],
      want: null,
    },
    {
      name: 'room is made on one host, not on two by halves',
      hosts: [host({ id: 'h1', memoryMiB: 8_000 }), host({ id: 'h2', memoryMiB: 8_000 })],
      held: [idle('a', 1, 4_000), idle('b', 2, 4_000, [], 'h2')],
      busy: [idle('x', 0, 4_000), idle('y', 0, 4_000, [], 'h2')],
      want: null,
    },
    {
      name: 'the host where the fewest go',
      hosts: [host({ id: 'h1', memoryMiB: 8_000 }), host({ id: 'h2', memoryMiB: 8_000 })],
      held: [idle('a', 1, 4_000), idle('b', 1, 4_000), idle('c', 9, 8_000, [], 'h2')],
      want: ['c'],
      at: 'h2',
    },
    {
      name: 'equally few: the host where they idled longest',
      hosts: [host({ id: 'h1', memoryMiB: 8_000 }), host({ id: 'h2', memoryMiB: 8_000 })],
      held: [idle('a', 2, 8_000), idle('b', 1, 8_000, [], 'h2')],
      want: ['b'],
      at: 'h2',
    },
    {
      name: 'cordoned hosts are not cleared',
      hosts: [host({ cordoned: true, memoryMiB: 8_000 })],
      held: [idle('a', 1, 8_000)],
      want: null,
    },
    {
      name: 'hosts of the other runtime are not cleared',
      hosts: [host({ runtimes: ['process'], memoryMiB: 8_000 })],
      held: [idle('a', 1, 8_000)],
      want: null,
    },
    {
      name: 'a GPU is wanted: one without does not go, however long idle',
      hosts: [host({ devices: [device('a')] })],
      held: [idle('cpu', 1, 100), idle('gpu', 2, 100, ['a'])],
      need: gpu(1),
      want: ['gpu'],
      at: 'h1 a',
    },
    {
      name: 'a GPU that is too small does not help',
      hosts: [host({ devices: [device('a', 16_000), device('b', 24_000)] })],
      held: [idle('small', 1, 100, ['a']), idle('right', 2, 100, ['b'])],
      need: gpu(1),
      want: ['right'],
      at: 'h1 b',
    },
    {
      name: 'one free GPU and one given back',
      hosts: [host({ devices: gpus })],
      held: [idle('p', 1, 100, ['a']), idle('q', 2, 100, ['b'])],
      need: gpu(2),
      want: ['p'],
      at: 'h1 a c',
    },
    {
      name: 'one with two GPUs rather than two with one',
      hosts: [host({ devices: [device('a'), device('b'), device('c'), device('d')] })],
      held: [idle('p', 1, 100, ['a']), idle('q', 2, 100, ['b']), idle('pair', 3, 100, ['c', 'd'])],
      need: gpu(2),
      want: ['pair'],
      at: 'h1 c d',
    },
    {
      name: 'GPUs and memory from different victims',
      hosts: [host({ memoryMiB: 10_000, devices: [device('a')] })],
      held: [idle('cpu', 1, 9_500), idle('gpu', 2, 500, ['a'])],
      need: { gpus: 1, vramMiB: 1, memoryMiB: 8_000 },
      want: ['cpu', 'gpu'],
      at: 'h1 a',
    },
  ];
  it.each(cases)('$name', ({ hosts, held, busy = [], need: over = {}, want, at = 'h1' }) => {
    const eviction = evictionFor(need(over), hosts, freeGiven([...held, ...busy]), held.toSorted(longestIdleFirst));
    expect(eviction && eviction.victims.map((i) => i.id)).toEqual(want);
    if (eviction) expect([eviction.placement.hostId, ...eviction.placement.deviceIds].join(' ')).toBe(at);
  });
});
