import type { Millis } from './time.ts';

/** Of time. `until` is not before `from`. */
export type Span = readonly [from: Millis, until: Millis];

/** When an instance held predictions, on one day. */
export interface BusyDay {
  /** Exact, whatever became of the spans. */
  readonly busyMs: number;
  /** In order, apart from each other. Where there are many, short gaps between them are gone. */
  readonly spans: readonly Span[];
}

export const NEVER_BUSY: BusyDay = { busyMs: 0, spans: [] };

const DAY_MS = 86_400_000;
/** A picture of a day is never wider than so many gaps: one each ten minutes. */
const MOST_SPANS = 144;
/** Shorter gaps than this are of no width in any picture. */
const SHORT_GAP_MS = 250;

/** Spans by the days that they lie in, each day as the instant that it begins, split at midnight in UTC. */
export function byDay(spans: readonly Span[]): ReadonlyMap<Millis, readonly Span[]> {
  const days = new Map<Millis, Span[]>();
  for (const [begin, until] of spans) {
    for (let from = begin; from < until; ) {
      const day = Math.floor(from / DAY_MS) * DAY_MS;
      const midnight = day + DAY_MS;
      days.set(day, [...(days.get(day) ?? []), [from, Math.min(until, midnight)]]);
      from = midnight;
    }
  }
  return days;
}

/** The day with more spans of it. One that is given again adds nothing. */
export function withSpans(day: BusyDay, more: readonly Span[]): BusyDay {
  const before = union(day.spans, 0);
  const after = union([...day.spans, ...more], 0);
  return { busyMs: day.busyMs + lengthOf(after) - lengthOf(before), spans: fewer(union(after, SHORT_GAP_MS)) };
}

/** The same time in spans that lie more than `gapMs` apart, in order. */
function union(spans: readonly Span[], gapMs: number): readonly Span[] {
  const apart: Span[] = [];
  for (const [from, until] of spans.toSorted((a, b) => a[0] - b[0])) {
    const last = apart.at(-1);
    if (last === undefined || from > last[1] + gapMs) apart.push([from, until]);
    else apart[apart.length - 1] = [last[0], Math.max(last[1], until)];
  }
  return apart;
}

const lengthOf = (spans: readonly Span[]): number => spans.reduce((sum, [from, until]) => sum + until - from, 0);

/** At most {@link MOST_SPANS}: the shortest gaps go. */
function fewer(spans: readonly Span[]): readonly Span[] {
  const excess = spans.length - MOST_SPANS;
  if (excess <= 0) return spans;
  const gaps = spans.slice(1).map(([from], n) => from - (spans[n]?.[1] ?? from));
  const shortest = gaps.toSorted((a, b) => a - b)[excess - 1] ?? 0;
  return union(spans, shortest);
}
