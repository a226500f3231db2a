import type { Waiter } from './fair-order.ts';
import { type Instance, longestIdleFirst } from './instance.ts';
import type { KeepAlive } from './keep-alive.ts';
import type { Measures } from './measures.ts';
import type { Millis } from './time.ts';

/** How far a deployment may scale, and how long it stays warm. The API checks these before they are stored. */
export interface ScalePolicy {
  /** Instances kept with no demand at all; at most `maxInstances`. */
  readonly minInstances: number;
  /** 0 switches the deployment off: what runs is drained, and nothing boots. */
  readonly maxInstances: number;
  /** Predictions that one instance runs at a time; at least 1. */
  readonly slotsPerInstance: number;
  readonly keepAlive: KeepAlive;
}

/** What a deployment is asked for at this moment. */
export interface Demand {
  /** Predictions in the queue. */
  readonly waiting: number;
  /** Predictions that any of its instances holds, those that are leaving included. */
  readonly inFlight: number;
  readonly oldestWaitingAt: Millis | null;
  /** Whose predictions wait; left out where nobody says. */
  readonly waiters?: readonly Waiter[];
}

/** How many instances a deployment needs, and by which rule. */
export interface Sizing {
  /** Instances there must be right now, before keep-alive holds any back. The maximum wins over the minimum. */
  readonly needed: number;
  /** What demand alone asks for, before minimum and maximum. */
  readonly asked: number;
  /**
   * `idle`: nothing is asked. `unmeasured`: a slot for each prediction. `measured`: as many as start what waits within
   * `drainMs`. `overdue`: those did not, so one more.
   */
  readonly rule: 'idle' | 'unmeasured' | 'measured' | 'overdue';
  /** In what time the queue is to be started; null where that rests on nothing measured. */
  readonly drainMs: number | null;
  /** When time alone makes it need one more; null: never. Always after `now`. */
  readonly growsAt: Millis | null;
}

interface Sized {
  readonly policy: ScalePolicy;
  readonly measures: Measures;
}

/** A boot that takes no time is no reason for a boot for every millisecond of waiting. */
const SHORTEST_DRAIN_MS = 1_000;

/**
 * As many instances as start everything that waits within the time that one more would take to boot, so that one more
 * is booted exactly where it comes before the queue is through without it. A slot that is held starts
 * `floor(drainMs / mean run)` within that time, each with the whole mean run before it; one that is free starts one
 * more at once. Arrivals that are to be expected meanwhile (Little's law: at the rate of the last minute) take their
 * share of that. Runs that take longer than a boot thus get a slot each, and so do unmeasured ones.
 *
 * Its reasons and its bounds are in docs/decisions/0021-autoscaling.md. `ready` are the instances that serve now.
 */
export function sizeFor(demand: Demand, { policy, measures }: Sized, ready: readonly Instance[], now: Millis): Sizing {
  const held = demand.waiting + demand.inFlight;
  const sizing = (asked: number, rest: Pick<Sizing, 'rule' | 'drainMs' | 'growsAt'>): Sizing => ({
    needed: Math.min(Math.max(asked, policy.minInstances), policy.maxInstances),
    asked,
    ...rest,
  });
  if (held === 0) return sizing(0, { rule: 'idle', drainMs: null, growsAt: null });
  const slotEach = Math.ceil(held / policy.slotsPerInstance);
  const { runs, boots } = measures;
  if (runs === null || boots === null) return sizing(slotEach, { rule: 'unmeasured', drainMs: null, growsAt: null });

  const drainMs = Math.max(boots.p50Ms, SHORTEST_DRAIN_MS);
  const startsPerSlot = 1 + Math.floor(drainMs / Math.max(1, runs.meanMs));
  // Of those that come meanwhile each slot starts its share; who is alone with a busy caller does not make a queue.
  const arriving = demand.waiting === 0 ? 0 : Math.floor((measures.runsPerSecond * drainMs) / 1_000);
  const busy = Math.ceil(demand.inFlight / policy.slotsPerInstance);
  const started = Math.ceil((held + arriving) / (policy.slotsPerInstance * startsPerSlot));
  const asked = Math.min(Math.max(busy, started), slotEach);
  const measured = sizing(asked, { rule: 'measured', drainMs, growsAt: null });

  const overdueAt = overdueFrom(demand, ready, measured, drainMs);
  const oneMore = sizing(Math.min(ready.length + 1, slotEach), { rule: 'overdue', drainMs, growsAt: null });
  if (overdueAt === null || oneMore.needed <= measured.needed) return measured;
  return now < overdueAt ? { ...measured, growsAt: overdueAt } : oneMore;
}

/**
 * When the oldest has waited so long, though all that it needs are ready, that the measured times cannot hold: a run
 * hangs, or takes far longer than the ones before. Each instance that is added gets the same time to prove itself.
 */
function overdueFrom(demand: Demand, ready: readonly Instance[], { needed }: Sizing, drainMs: number): Millis | null {
  if (demand.oldestWaitingAt === null || ready.length < needed) return null;
  return Math.max(demand.oldestWaitingAt, ...ready.map((i) => i.since)) + 2 * drainMs;
}

/**
 * The instances above a maximum that was lowered: those still booting first, then the least loaded, then the longest
 * idle. Busy ones are among them, because under steady load none would ever be idle; a drain lets them finish.
 */
export function beyondMaximum(coming: readonly Instance[], maxInstances: number): readonly Instance[] {
  const excess = coming.length - maxInstances;
  if (excess <= 0) return [];
  const readiness = (i: Instance) => (i.state === 'booting' ? 0 : 1);
  return coming
    .toSorted((a, b) => readiness(a) - readiness(b) || a.inFlight - b.inFlight || longestIdleFirst(a, b))
    .slice(0, excess);
}
