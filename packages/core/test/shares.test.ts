import { describe, expect, it } from 'vitest';
import {
  freeGiven,
  type Host,
  type Instance,
  isOfType,
  lingering,
  type Need,
  place,
  placeOn,
  shareNeeded,
  siblingsOf,
  typicalShapes,
  whyNot,
} from '../src/index.ts';
import { device, host, instance, need, SECOND } from './build.ts';

const share = (gpuShareMiB: number, over: Partial<Need> = {}): Need => need({ memoryMiB: 1_000, gpuShareMiB, ...over });
const whole = (gpus: number, over: Partial<Need> = {}): Need => need({ memoryMiB: 1_000, gpus, ...over });
const sharer = (id: string, deviceId: string, gpuShareMiB: number): Instance =>
  instance({ id, deviceIds: [deviceId], gpuShareMiB, memoryMiB: 1_000 });

describe('a share of a GPU', () => {
  const one = host({ devices: [device('g1', 24_000)] });
  const two = host({ devices: [device('g1', 24_000), device('g2', 24_000)] });
  it.each<{ name: string; on?: Host; held?: Instance[]; need: Need; want: string | null }>([
    { name: 'sits beside others', held: [sharer('a', 'g1', 16_000)], need: share(8_000), want: 'g1 8000' },
    { name: 'fits to the last MiB and no further', held: [sharer('a', 'g1', 16_001)], need: share(8_000), want: null },
    {
      name: 'counts all who share',
      held: ['a', 'b', 'c'].map((id) => sharer(id, 'g1', 6_000)),
      need: share(8_000),
      want: null,
    },
    {
      name: 'goes not beside one that holds the GPU whole',
      held: [instance({ deviceIds: ['g1'], memoryMiB: 0 })],
      need: share(1),
      want: null,
    },
    { name: 'leaves no whole GPU behind', held: [sharer('a', 'g1', 1)], need: whole(1), want: null },
    {
      name: 'breaks no whole GPU while a broken one has room',
      on: two,
      held: [sharer('a', 'g2', 4_000)],
      need: share(8_000),
      want: 'g2 8000',
    },
    {
      name: 'is never put together from two GPUs',
      on: two,
      held: [sharer('a', 'g1', 14_000), sharer('b', 'g2', 14_000)],
      need: share(12_000),
      want: null,
    },
    { name: 'asks how large the GPU is, however much is free', need: share(8_000, { vramMiB: 40_000 }), want: null },
  ])('$name', ({ on = one, held = [], need: asked, want }) => {
    const found = placeOn([on], freeGiven(held), asked);
    expect(found && `${found.deviceIds.join()} ${found.gpuShareMiB}`).toBe(want);
  });
});

describe('the type of a GPU', () => {
  it.each([
    ['NVIDIA A100-SXM4-80GB', 'A100', true],
    ['NVIDIA A100-SXM4-80GB', 'a100 80gb', true],
    ['NVIDIA A100-SXM4-80GB', 'A10', false],
    ['NVIDIA L40S', 'L40', false],
    ['NVIDIA GeForce RTX 4090', 'rtx 4090', true],
    ['NVIDIA GeForce RTX 4090', 'RTX 3090', false],
    ['Tesla T4', null, true],
  ])('%s is %s: %s', (name, type, is) => {
    expect(isOfType(name, type)).toBe(is);
  });
});

describe('what a host must be', () => {
  const a100 = { ...device('g1', 80_000), name: 'NVIDIA A100-SXM4-80GB' };
  const hosts = [
    host({ id: 'h1', labels: { zone: 'a' }, devices: [device('g1', 80_000)] }),
    host({ id: 'h2', labels: { zone: 'b', disk: 'nvme' }, devices: [a100] }),
    host({ id: 'h3', cpus: 4 }),
  ];
  it.each<[string, Need, string | null]>([
    ['of the type', whole(1, { gpuType: 'A100' }), 'h2'],
    ['labelled so', need({ labels: { zone: 'b' } }), 'h2'],
    ['labelled with all of them', need({ labels: { zone: 'a', disk: 'nvme' } }), null],
    ['labelled with that value', need({ labels: { disk: 'hdd' } }), null],
    ['of enough promised cores', need({ cpus: 4 }), 'h3'],
  ])('%s', (_, asked, want) => {
    const free = freeGiven([instance({ id: 'x', hostId: 'h1', memoryMiB: 24_000 })]);
    const of = asked.cpus > 0 ? hosts.slice(2) : hosts;
    expect(placeOn(of, free, asked)?.hostId ?? null).toBe(want);
  });

  it('promises each core once', () => {
    const held = [instance({ hostId: 'h3', memoryMiB: 0, cpus: 2 })];
    expect(placeOn(hosts.slice(2), freeGiven(held), need({ cpus: 2 }))).not.toBeNull();
    expect(placeOn(hosts.slice(2), freeGiven(held), need({ cpus: 3 }))).toBeNull();
  });

  it.each<[Need, string]>([
    [whole(1, { gpuType: 'H100' }), 'No host has a GPU of type H100.'],
    [whole(1, { gpuType: 'A100', vramMiB: 90_000 }), 'No host has a GPU of type A100 with at least 90000 MiB.'],
    [
      whole(2, { gpuType: 'A100' }),
      'An instance needs 2 GPUs of type A100 with at least 0 MiB on one host; no host has more than 1.',
    ],
    [share(90_000), 'No host has a GPU with at least 90000 MiB.'],
    [need({ labels: { zone: 'c', disk: 'nvme' } }), 'No host has the labels disk=nvme, zone=c.'],
  ])('and if none is, says why: %#', (asked, want) => {
    expect(whyNot(hosts, asked)).toEqual({ reason: 'no-hardware', detail: want });
  });

  it('names cores that no host promises', () => {
    const detail = 'An instance needs 5 CPU cores; the largest host promises 4.';
    expect(whyNot(hosts.slice(2), need({ cpus: 5 }))).toEqual({ reason: 'no-hardware', detail });
  });
});

describe('which of the hosts with room', () => {
  const shapes = typicalShapes([
    { need: whole(1), count: 4 },
    { need: whole(2), count: 4 },
  ]);
  const gpus = (...ids: string[]) => ids.map((id) => device(id));
  const wants = (
    hosts: Host[],
    asked: Need,
    { held = [], beside = [] }: { held?: Instance[]; beside?: string[] } = {},
  ) => {
    const siblings = siblingsOf(beside.map((hostId) => ({ hostId })));
    const found = place(hosts, freeGiven(held), asked, { shapes, siblings });
    return found && `${found.placement.hostId}: ${found.why}`;
  };

  it('the one where the fewest GPUs are lost to what is typically asked for', () => {
    const hosts = [host({ id: 'h1', devices: gpus('a', 'b') }), host({ id: 'h2', devices: gpus('c', 'd', 'e') })];
    expect(wants(hosts, whole(1))).toBe('h2: least fragmentation of GPUs');
  });

  it('the one that has the image, though another would be the tighter fit', () => {
    const hosts = [host({ id: 'h1' }), host({ id: 'h2', memoryMiB: 90_000, images: ['m@sha256:1'] })];
    expect(wants(hosts, need({ image: 'm@sha256:1' }))).toBe('h2: it has the image');
    expect(wants(hosts, need({ image: 'm@sha256:2' }))).toBe('h1: the tightest fit');
  });

  it('but no image is worth a GPU that is left in pieces', () => {
    const mostlyPairs = typicalShapes([{ need: whole(2), count: 16 }]);
    const hosts = [
      host({ id: 'h1', devices: gpus('a', 'b'), images: ['m@sha256:1'] }),
      host({ id: 'h2', devices: gpus('c', 'd', 'e') }),
    ];
    const found = place(hosts, freeGiven([]), whole(1, { image: 'm@sha256:1' }), {
      shapes: mostlyPairs,
      siblings: new Map(),
    });
    expect(found?.placement.hostId).toBe('h2');
  });

  it('one where the deployment does not sit yet', () => {
    const hosts = [host({ id: 'h1' }), host({ id: 'h2' })];
    expect(wants(hosts, need(), { beside: ['h1'] })).toBe('h2: fewer instances of the deployment are there');
  });

  it('the image outweighs company of two, not of three', () => {
    const hosts = [host({ id: 'h1', images: ['i'] }), host({ id: 'h2' })];
    expect(wants(hosts, need({ image: 'i' }), { beside: ['h1', 'h1'] })).toMatch(/^h1/);
    expect(wants(hosts, need({ image: 'i' }), { beside: ['h1', 'h1', 'h1'] })).toMatch(/^h2/);
  });

  it('a GPU of which a rest suits nobody is filled before one is broken', () => {
    const small = typicalShapes([
      { need: share(10_000), count: 8 },
      { need: whole(1), count: 8 },
    ]);
    const held = [sharer('a', 'b', 14_000)];
    const hosts = [host({ id: 'h1', devices: gpus('a') }), host({ id: 'h2', devices: gpus('c') })];
    const found = place(hosts, freeGiven(held.map((i) => ({ ...i, hostId: 'h2', deviceIds: ['c'] }))), share(10_000), {
      shapes: small,
      siblings: new Map(),
    });
    expect(found?.placement).toEqual({ hostId: 'h2', deviceIds: ['c'], gpuShareMiB: 10_000 });
  });

  it('what there is no choice about is said so', () => {
    expect(wants([host()], need())).toBe('h1: the only host with room now');
  });
});

describe('typical shapes', () => {
  it('are those that need a GPU, by how often they come, and their parts add up', () => {
    const shapes = typicalShapes([
      { need: need(), count: 100 },
      { need: whole(1), count: 3 },
      { need: whole(2), count: 1 },
      { need: whole(1), count: 1 },
    ]);
    expect(shapes.map(({ need: of, part }) => [of.gpus, part])).toEqual([
      [1, 0.8],
      [2, 0.2],
    ]);
  });

  it('stay the same array until they change by more than one instance among many', () => {
    const before = typicalShapes([
      { need: whole(1), count: 8 },
      { need: whole(2), count: 2 },
    ]);
    expect(
      typicalShapes(
        [
          { need: whole(1), count: 9 },
          { need: whole(2), count: 2 },
        ],
        before,
      ),
    ).toBe(before);
    expect(
      typicalShapes(
        [
          { need: whole(1), count: 16 },
          { need: whole(2), count: 2 },
        ],
        before,
      ),
    ).not.toBe(before);
  });
});

it.each([
  ['what is declared, while nothing was measured', 8_000, null, 8_000],
  ['what is declared, where less was measured', 8_000, { usedMiB: 5_000, ofMiB: 24_000 }, 8_000],
  ['a tenth more than was measured, where that is more', 8_000, { usedMiB: 9_001, ofMiB: 24_000 }, 9_902],
  ['at most the GPU, for what takes all it finds', 8_000, { usedMiB: 23_500, ofMiB: 24_000 }, 24_000],
] as const)('a share is %s', (_, declaredMiB, measured, want) => {
  expect(shareNeeded(declaredMiB, measured)).toBe(want);
});

describe('a stopped instance lingers on its GPU', () => {
  const gone = { ...instance({ id: 'gone', deviceIds: ['g1'] }), stoppedAt: 10 * SECOND };
  const report = (at: number, usedMiB: number) => new Map([['g1', { at, usedMiB }]]);
  it.each([
    ['not where the GPU never reports', new Map(), [], 11, false],
    ['until the GPU was looked at since', report(10 * SECOND - 1, 0), [], 11, true],
    ['while the GPU says it is in use', report(11 * SECOND, 20_000), [], 12, true],
    ['not once the GPU says it is free', report(11 * SECOND, 400), [], 12, false],
    ['not for what a sharer that stays may use', report(11 * SECOND, 8_500), [sharer('b', 'g1', 8_000)], 12, false],
    ['for what is beyond it', report(11 * SECOND, 12_000), [sharer('b', 'g1', 8_000)], 12, true],
    ['a minute at most', report(11 * SECOND, 20_000), [], 70, false],
  ] as const)('%s', (_, reports, holding, seconds, lingers) => {
    const found = lingering([gone], holding, reports, seconds * SECOND);
    expect(found.map(({ deviceIds, memoryMiB, until }) => ({ deviceIds, memoryMiB, until }))).toEqual(
      lingers ? [{ deviceIds: ['g1'], memoryMiB: 0, until: 70 * SECOND }] : [],
    );
  });
});
