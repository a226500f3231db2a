import { type Instance, idleSince, longestIdleFirst } from './instance.ts';
import type { KeepAlive } from './keep-alive.ts';
import type { Millis } from './time.ts';
import { demandRate, type UseHistory, usualBootMs } from './use-history.ts';

/** An idle instance that may go where others need its room, and what speaks for it. */
export interface Spare {
  readonly instance: Instance;
  /** 0: kept until somebody needs the room. 1: within its keep-alive. 2: only just booted. A later turn goes only where no earlier one makes room. */
  readonly turn: 0 | 1 | 2;
  /** What is lost with it: {@link worthOf}. */
  readonly worth: number;
}

/** An instance is not taken before it has been up for as many times as long as its boot took: two models would take turns in booting. */
const BOOTS_OF_PEACE = 1;
/** As many uses as one is credited with before it has any: a few more or less say little yet. */
const USUAL_USES = 3;

/** How a spare instance of a deployment stands with others, now. */
export function spareOf(instance: Instance, keepAlive: KeepAlive, use: UseHistory | null, now: Millis): Spare {
  const bootMs = use === null ? 0 : usualBootMs(use);
  const fresh = now - instance.since < BOOTS_OF_PEACE * bootMs;
  const kept = keepAlive.kind === 'until-needed' ? 0 : 1;
  return { instance, turn: fresh ? 2 : kept, worth: worthOf(instance, use, now) };
}

/**
 * What it costs to bring an instance back, times how likely it is that it is wanted within the next moment: boot time ×
 * (3 + uses in ten days) ÷ idle time. So the chance of a use falls off with what people use: in inverse proportion to the time
 * since the last one, and the more slowly the more uses there were. Two that are seldom used go by idle time, as in LRU; of
 * two that are used a lot the idle time ages what was popular last week, as the clock of a greedy-dual cache does.
 * Without a history all are worth the same, and the longest idle goes first.
 */
export function worthOf(instance: Instance, use: UseHistory | null, now: Millis): number {
  if (use === null) return 0;
  const idleMs = Math.max(1_000, now - idleSince(instance));
  return (usualBootMs(use) * (USUAL_USES + demandRate(use, now))) / idleMs;
}

/** The order in which instances are asked to go: turn by turn, those that are missed least first. */
export const goesFirst = (a: Spare, b: Spare): number =>
  a.turn - b.turn || a.worth - b.worth || longestIdleFirst(a.instance, b.instance);
