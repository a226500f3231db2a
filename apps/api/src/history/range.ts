import type { Millis } from '@hearth/core';
import { invalidField } from '../problem.ts';

export interface Range {
  readonly from: Millis;
  readonly until: Millis;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A chart is no wider than so many columns. */
const MOST_STEPS = 240;
const STEPS_MS = [10_000, 60_000, 300_000, 900_000, HOUR_MS, 6 * HOUR_MS, DAY_MS];

/**
 * [from, to), the last `usualMs` where it says neither.
 * @throws Problem `invalid-request` where it is empty or longer than `mostDays`
 */
export function rangeOf(
  { from, to }: { from?: string | undefined; to?: string | undefined },
  { now, usualMs, mostDays }: { now: Millis; usualMs: number; mostDays: number },
): Range {
  const until = to === undefined ? now : Date.parse(to);
  const begin = from === undefined ? until - usualMs : Date.parse(from);
  if (begin >= until) throw invalidField('querystring.from', 'before_to', 'must be before to');
  if (until - begin > mostDays * DAY_MS)
    throw invalidField('querystring.from', 'range', `must be at most ${mostDays} days before to`);
  return { from: begin, until };
}

/** The finest step by which a range has few enough columns, and the range by whole steps. */
export function stepped({ from, until }: Range): Range & { readonly stepMs: number } {
  const stepMs = STEPS_MS.find((ms) => (until - from) / ms <= MOST_STEPS) ?? DAY_MS;
  return { from: Math.floor(from / stepMs) * stepMs, until: Math.ceil(until / stepMs) * stepMs, stepMs };
}
