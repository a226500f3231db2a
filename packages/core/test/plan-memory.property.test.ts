import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Instance, PlanMemory, planCycle, type Snapshot } from '../src/index.ts';
import { apply, pass } from './play.ts';
import { anySnapshot, NOW } from './promises/any-fleet.ts';

// What a planner remembers decides nothing.

/** As rows come from a store: nothing in it is an object that was there before. */
const reread = (s: Snapshot): Snapshot => structuredClone(s);

it('a snapshot has the same plan, whatever was planned before with the same memory', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.array(anySnapshot, { minLength: 2, maxLength: 6 }), (snapshots) => {
      const memory = new PlanMemory();
      for (const [n, s] of snapshots.entries()) {
        expect(planCycle(s, NOW + n, memory)).toEqual(planCycle(s, NOW + n));
      }
    }),
    { numRuns: 300 },
  );
});

/** What may change from one look to the next, by nobody's plan. */
const anyChange = fc.record({
  lost: fc.option(fc.nat(5), { nil: null, freq: 3 }),
  waiting: fc.array(fc.nat(4), { minLength: 4, maxLength: 4 }),
  busy: fc.array(fc.nat(20), { maxLength: 3 }),
  passes: fc.boolean(),
  ms: fc.constantFrom(1, 500, 20_000, 300_000),
});

it('nor does it while a fleet lives on, with objects that are new or are not', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(
      anySnapshot,
      fc.array(anyChange, { minLength: 3, maxLength: 12 }),
      fc.boolean(),
      (first, changes, fresh) => {
        const memory = new PlanMemory();
        const nextId = (
          (n) => () =>
            `new${String(n++).padStart(3, '0')}`
        )(0);
        let [s, now] = [first, NOW];
        for (const { lost, waiting, busy, passes, ms } of changes) {
          const plan = planCycle(s, now, memory);
          expect(plan).toEqual(planCycle(s, now));
          s = apply(s, plan, now, nextId);
          now += ms;
          if (passes) s = pass(s, now);
          s = {
            ...s,
            hosts: s.hosts.map((h, n) => (h.lost === (n === lost) ? h : { ...h, lost: n === lost })),
            instances: s.instances
              .filter((i) => s.hosts.findIndex((h) => h.id === i.hostId) !== lost)
              .map(
                (i, n): Instance =>
                  busy.includes(n) && i.state === 'ready' ? { ...i, inFlight: 1, lastUsedAt: now } : i,
              ),
            deployments: s.deployments.map((d, n) => ({
              ...d,
              demand: {
                ...d.demand,
                waiting: waiting[n] ?? 0,
                oldestWaitingAt: (waiting[n] ?? 0) > 0 ? now - ms : null,
              },
            })),
          };
          if (fresh) s = reread(s);
        }
      },
    ),
    { numRuns: 300 },
  );
});
