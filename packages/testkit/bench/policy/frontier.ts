/** What a policy came to on a trace. */
export interface Point {
  readonly coldStarts: number;
  readonly idleHours: number;
  /** Idle hours, boots ahead of a use, and cold starts at what `auto` takes them to cost. */
  readonly costHours: number;
}

const SHORTEST_MS = 10_000;
const LONGEST_MS = 2 * 86_400_000;
const STEP = 1.02;

/** The fixed keep-alives that a policy is held against, each 2% longer than the one before: from 10 s to two days. */
export const FRONTIER_MS: readonly number[] = Array.from(
  { length: 1 + Math.ceil(Math.log(LONGEST_MS / SHORTEST_MS) / Math.log(STEP)) },
  (_, n) => SHORTEST_MS * STEP ** n,
);

/** The idle hours of the shortest keep-alive with no more cold starts; where none has so few, Infinity. */
export function idleAt(frontier: readonly Point[], coldStarts: number): number {
  const shortestFirst = frontier.toSorted((a, b) => a.idleHours - b.idleHours);
  return shortestFirst.find((point) => point.coldStarts <= coldStarts)?.idleHours ?? Infinity;
}

/** No better in either respect, and worse in one. */
export const isDominated = (one: Point, by: Point): boolean =>
  one.coldStarts >= by.coldStarts &&
  one.idleHours >= by.idleHours &&
  (one.coldStarts > by.coldStarts || one.idleHours > by.idleHours);

/**
 * A hundredth of the idle time is no difference: where no gap ends between two fixed keep-alives, the shorter has as few
 * cold starts, and any fixed one would be worse than another.
 */
const DIFFERENCE = 0.01;

/** A fixed keep-alive with no more cold starts idles less; or the hybrid histogram has less of both, or is cheaper. */
export const isWorse = (auto: Point, frontier: readonly Point[], hybrid: Point): boolean =>
  idleAt(frontier, auto.coldStarts) < (1 - DIFFERENCE) * auto.idleHours ||
  isDominated(auto, hybrid) ||
  auto.costHours > hybrid.costHours;
