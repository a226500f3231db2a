import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  evictionFor,
  fits,
  freeAfter,
  freeGiven,
  givenBack,
  type Host,
  type Instance,
  Ledger,
  type Need,
  place,
  type TypicalShape,
  typicalShapes,
} from '../src/index.ts';
import { host, instance, need } from './build.ts';

const TYPES = ['NVIDIA A100-SXM4-80GB', 'Tesla T4'] as const;

const hosts: fc.Arbitrary<Host[]> = fc
  .array(
    fc.record({
      memoryMiB: fc.integer({ min: 4, max: 16 }),
      cpus: fc.option(fc.integer({ min: 1, max: 8 }), { nil: null }),
      labels: fc.constantFrom<Record<string, string>>({}, { zone: 'a' }, { zone: 'b' }),
      images: fc.constantFrom<string[]>([], ['i']),
      gpus: fc.array(fc.record({ name: fc.constantFrom(...TYPES), vramMiB: fc.constantFrom(16, 24) }), {
        maxLength: 4,
      }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((rows) =>
    rows.map(({ gpus, ...row }, h) =>
      host({ ...row, id: `h${h}`, devices: gpus.map((gpu, g) => ({ ...gpu, id: `h${h}g${g}` })) }),
    ),
  );

const needs: fc.Arbitrary<Need> = fc
  .record({
    memoryMiB: fc.integer({ min: 1, max: 6 }),
    cpus: fc.nat(3),
    labels: fc.constantFrom<Record<string, string>>({}, {}, { zone: 'a' }),
    gpuType: fc.constantFrom(null, null, 'A100', 'A10'),
    vramMiB: fc.constantFrom(0, 0, 20),
    image: fc.constantFrom(null, 'i'),
    gpu: fc.oneof(
      fc.constant({ gpus: 0, gpuShareMiB: 0 }),
      fc.integer({ min: 1, max: 3 }).map((gpus) => ({ gpus, gpuShareMiB: 0 })),
      fc.integer({ min: 1, max: 24 }).map((gpuShareMiB) => ({ gpus: 0, gpuShareMiB })),
    ),
  })
  .map(({ gpu, ...row }) => need({ ...row, ...gpu }));

const shapesOf = (asked: readonly Need[]): readonly TypicalShape[] =>
  typicalShapes(asked.map((one) => ({ need: one, count: 1 })));

interface Placed {
  readonly instance: Instance;
  readonly need: Need;
}

/** Places one need after the other, as a ledger has them. */
function fill(
  on: readonly Host[],
  asked: readonly Need[],
  seen: (found: boolean, free: Ledger, need: Need) => void,
): Placed[] {
  const ledger = new Ledger([]);
  const shapes = shapesOf(asked);
  const placed: Placed[] = [];
  for (const [n, one] of asked.entries()) {
    const found = place(on, (h) => ledger.free(h), one, { shapes, siblings: new Map() });
    seen(found !== null, ledger, one);
    if (found === null) continue;
    const { memoryMiB, cpus } = one;
    const taken = instance({ ...found.placement, id: `i${n}`, memoryMiB, cpus, lastUsedAt: n });
    ledger.add(taken);
    placed.push({ instance: taken, need: one });
  }
  return placed;
}

/** By hand: whether any host has what is asked for, from who sits there. */
function hasRoom(on: Host, here: readonly Instance[], asked: Need): boolean {
  const cores = here.reduce((sum, i) => sum + i.cpus, asked.cpus);
  const memory = here.reduce((sum, i) => sum + i.memoryMiB, asked.memoryMiB);
  if (memory > on.memoryMiB || (on.cpus !== null && cores > on.cpus)) return false;
  if (Object.entries(asked.labels).some(([key, value]) => on.labels[key] !== value)) return false;
  const suited = on.devices.filter(
    (d) =>
      d.vramMiB >= asked.vramMiB && (asked.gpuType === null || (asked.gpuType === 'A100' && d.name.includes('A100'))),
  );
  const holders = (id: string): readonly Instance[] => here.filter((i) => i.deviceIds.includes(id));
  if (asked.gpuShareMiB === 0) return suited.filter((d) => holders(d.id).length === 0).length >= asked.gpus;
  return suited.some((d) => {
    const sharing = holders(d.id);
    const heldMiB = sharing.reduce((sum, i) => sum + i.gpuShareMiB, 0);
    return sharing.every((i) => i.gpuShareMiB > 0) && heldMiB + asked.gpuShareMiB <= d.vramMiB;
  });
}

it('gives nothing away twice, nothing that is not there, and nothing of another kind', () => {
  fc.assert(
    fc.property(hosts, fc.array(needs, { maxLength: 14 }), (on, asked) => {
      const placed = fill(on, asked, () => {});
      for (const one of on) {
        const here = placed.filter(({ instance: i }) => i.hostId === one.id);
        expect(here.reduce((sum, { instance: i }) => sum + i.memoryMiB, 0)).toBeLessThanOrEqual(one.memoryMiB);
        for (const { need: of } of here) expect(one.labels).toMatchObject(of.labels);
        for (const gpu of one.devices) {
          const holders = here.filter(({ instance: i }) => i.deviceIds.includes(gpu.id));
          const whole = holders.filter(({ instance: i }) => i.gpuShareMiB === 0);
          if (whole.length > 0) expect(holders.length).toBe(1);
          const heldMiB = holders.reduce((sum, { instance: i }) => sum + i.gpuShareMiB, 0);
          expect(heldMiB).toBeLessThanOrEqual(gpu.vramMiB);
          for (const { need: of } of holders) {
            expect(gpu.vramMiB).toBeGreaterThanOrEqual(of.vramMiB);
            if (of.gpuType !== null) expect(gpu.name.split(/[ -]/)).toContain(of.gpuType);
          }
        }
      }
      for (const { instance: i, need: of } of placed) {
        expect(new Set(i.deviceIds).size).toBe(of.gpuShareMiB > 0 ? 1 : of.gpus);
      }
    }),
    { numRuns: 300 },
  );
});

it('places whatever fits somewhere, and nothing else', () => {
  fc.assert(
    fc.property(hosts, fc.array(needs, { maxLength: 14 }), (on, asked) => {
      const before: Instance[] = [];
      const found: boolean[] = [];
      const placed = fill(on, asked, (was) => found.push(was));
      for (const [n, one] of asked.entries()) {
        const room = on.some((h) =>
          hasRoom(
            h,
            before.filter((i) => i.hostId === h.id),
            one,
          ),
        );
        expect(found[n], JSON.stringify(one)).toBe(room);
        const taken = placed.find(({ instance: i }) => i.id === `i${n}`);
        if (taken !== undefined) before.push(taken.instance);
      }
    }),
    { numRuns: 300 },
  );
});

it('remembers nothing that changes what it decides', () => {
  fc.assert(
    fc.property(hosts, fc.array(needs, { maxLength: 14 }), (on, asked) => {
      fill(on, asked, (_, ledger, one) => {
        const remembered = place(on, (h) => ledger.free(h), one, { shapes: shapesOf(asked), siblings: new Map() });
        const anew = place(on, (h) => structuredClone(ledger.free(h)), one, {
          shapes: structuredClone(shapesOf(asked)),
          siblings: new Map(),
        });
        expect(remembered).toEqual(anew);
      });
    }),
    { numRuns: 100 },
  );
});

it('what leaves gives back what it held', () => {
  fc.assert(
    fc.property(
      hosts,
      fc.array(needs, { maxLength: 14 }),
      fc.array(fc.boolean(), { minLength: 14 }),
      (on, asked, goes) => {
        const all = fill(on, asked, () => {}).map(({ instance: i }) => i);
        const leaving = all.filter((_, n) => goes[n]);
        const staying = freeGiven(all.filter((i) => !leaving.includes(i)));
        for (const one of on) {
          const here = leaving.filter((i) => i.hostId === one.id);
          const ledger = new Ledger(all);
          expect(givenBack(one, ledger.free(one), here)).toEqual(staying(one));
          for (const i of here) ledger.remove(i);
          expect(ledger.free(one)).toEqual(staying(one));
        }
      },
    ),
    { numRuns: 200 },
  );
});

it('evicts a set that makes the room, without anybody who need not go, and whenever there is one', () => {
  fc.assert(
    fc.property(hosts, fc.array(needs, { minLength: 4, maxLength: 14 }), needs, (on, asked, wanted) => {
      const held = fill(on, asked, () => {}).map(({ instance: i }) => i);
      const eviction = evictionFor(wanted, on, freeGiven(held), held);
      const possible = on.some((h) => hasRoom(h, [], wanted));
      expect(eviction !== null).toBe(possible);
      if (eviction === null) return;
      const { placement, victims } = eviction;
      const target = on.find((h) => h.id === placement.hostId) ?? host();
      const free = freeGiven(held)(target);
      const back = givenBack(target, free, victims);
      const devices = back.devices.filter((d) => placement.deviceIds.includes(d.id));
      expect(fits(back, wanted)).toBe(true);
      expect(freeAfter(back, wanted, devices).devices.every((d) => d.freeMiB > 0)).toBe(true);
      for (const one of victims) {
        const others = victims.filter((i) => i !== one);
        expect(fits(givenBack(target, free, others), wanted), `${one.id} need not go`).toBe(false);
      }
    }),
    { numRuns: 300 },
  );
});
