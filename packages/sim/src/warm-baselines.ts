import type { Millis } from '@hearth/core';
import type { Gap, UseTrace } from './use-trace.ts';
import type { WindowOf } from './warm-elastic.ts';

/** The keep-alives that `auto` is held against. */

const MINUTE_MS = 60_000;

export const fixedWindow =
  (ms: number): (() => WindowOf) =>
  () =>
  () => ({ fromMs: 0, untilMs: ms });

/** Knows how long each gap will be: stays where that costs less than a cold boot, and is gone at once where it does not. No boot ahead. */
export const clairvoyant =
  (coldMs: number): (() => WindowOf) =>
  () =>
  ({ from, to }: Gap) => ({ fromMs: 0, untilMs: to - from <= coldMs ? to - from : 0 });

/**
 * The hybrid histogram of "Serverless in the Wild" (USENIX ATC '20), in its own parameters: bins of a minute over four
 * hours, away until 90% of the 5th percentile and there until 110% of the 99th; for the whole range while the histogram
 * says nothing (its coefficient of variation below 2); by a forecast where half of the gaps are longer than the range. The
 * forecast is the mean of the last five gaps where the paper has ARIMA.
 */
export function hybridHistogram(bins = 240): WindowOf {
  const counts = new Float64Array(bins);
  const last: number[] = [];
  let [seen, beyond] = [0, 0];
  const window = (): ReturnType<WindowOf> => {
    const inRange = seen - beyond;
    if (seen >= 2 && beyond / seen >= 0.5) {
      const expectedMs = last.reduce((sum, gap) => sum + gap, 0) / last.length;
      return { fromMs: expectedMs * 0.85, untilMs: expectedMs * 1.15 };
    }
    const whole = { fromMs: 0, untilMs: bins * MINUTE_MS };
    if (inRange === 0) return whole;
    const mean = inRange / bins;
    const variance = counts.reduce((sum, n) => sum + (n - mean) ** 2, 0) / bins;
    if (Math.sqrt(variance) / mean < 2) return whole;
    const upTo = (share: number): number => {
      let sum = 0;
      return counts.findIndex((n) => (sum += n) >= share * inRange - 1e-9);
    };
    return { fromMs: upTo(0.05) * MINUTE_MS * 0.9, untilMs: (upTo(0.99) + 1) * MINUTE_MS * 1.1 };
  };
  return ({ from, to }) => {
    const decided = window();
    const minutes = Math.floor((to - from) / MINUTE_MS);
    seen++;
    if (minutes < bins) counts[minutes] = (counts[minutes] ?? 0) + 1;
    else beyond++;
    last.push(to - from);
    if (last.length > 5) last.shift();
    return decided;
  };
}

export type SlotPolicy = 'lru' | 'greedy-dual' | 'belady' | { readonly ttlMs: number };

/** A model in a slot. */
interface Held {
  lastAt: Millis;
  /** Where every other was busy: when the first of them had ended, and left it the slot. */
  readyAt: Millis;
  endsAt: Millis;
  uses: number;
  priority: number;
  nextAt: Millis;
}

/**
 * Cold starts where as many models are warm as there are slots, one instance each that takes any number at once and boots
 * in no time: a cache, and what is known of caches. What runs is not evicted, but by Belady's, who knows the future and is
 * the least that any can have. Greedy-dual with all costs and sizes alike is as in FaasCache (ASPLOS '21).
 */
export function coldInSlots(trace: UseTrace, slots: number, policy: SlotPolicy): number {
  const uses = [...trace.uses].flatMap(([id, of]) =>
    of.map(({ at, runMs }, n) => ({ at, id, endsAt: at + runMs, nextAt: of[n + 1]?.at ?? Infinity })),
  );
  uses.sort((a, b) => a.at - b.at);
  const held = new Map<string, Held>();
  let [cold, clock] = [0, 0];
  const worth = (one: Held): number =>
    policy === 'greedy-dual' ? one.priority : policy === 'belady' ? -one.nextAt : one.lastAt;
  /** The idle first; of busy ones, the one that ends first. */
  const goesBefore = (a: Held, b: Held, now: Millis): boolean => {
    if (policy === 'belady') return worth(a) < worth(b);
    const [aBusy, bBusy] = [a.endsAt > now, b.endsAt > now];
    if (aBusy && bBusy) return a.endsAt < b.endsAt;
    return aBusy === bBusy ? worth(a) < worth(b) : bBusy;
  };
  for (const { at, id, endsAt, nextAt } of uses) {
    if (typeof policy === 'object') {
      for (const [other, { endsAt: idleFrom }] of held) if (idleFrom < at - policy.ttlMs) held.delete(other);
    }
    let one = held.get(id);
    if (one === undefined) {
      cold++;
      let readyAt = at;
      if (held.size >= slots) {
        const [victim, least] = [...held].reduce((a, b) => (goesBefore(b[1], a[1], at) ? b : a));
        clock = least.priority;
        if (policy !== 'belady') readyAt = Math.max(at, least.endsAt);
        held.delete(victim);
      }
      one = { lastAt: at, readyAt, endsAt: readyAt, uses: 0, priority: 0, nextAt };
      held.set(id, one);
    } else if (at < one.readyAt) cold++;
    one.uses++;
    const until = Math.max(at, one.readyAt) + endsAt - at;
    Object.assign(one, { lastAt: at, endsAt: Math.max(one.endsAt, until), nextAt, priority: clock + one.uses });
  }
  return cold;
}
