/** What a policy came to on a trace. */
export interface Point {
  readonly coldStarts: number;
  readonly idleHours: number;
}

/**
 * The idle hours at which a fixed keep-alive would have as many cold starts: between the fixed ones that were tried,
 * straight in the logarithm of the hours; beyond them, those of the nearest.
 */
export function idleAt(frontier: readonly Point[], coldStarts: number): number {
  const points = frontier.toSorted((a, b) => a.coldStarts - b.coldStarts || a.idleHours - b.idleHours);
  const after = points.findIndex((p) => p.coldStarts >= coldStarts);
  const [low, high] = [points[after - 1], points[after]];
  if (high === undefined) return points.at(-1)?.idleHours ?? 0;
  if (low === undefined || high.coldStarts === coldStarts) return high.idleHours;
  const along = (coldStarts - low.coldStarts) / (high.coldStarts - low.coldStarts);
  return Math.exp((1 - along) * Math.log(low.idleHours) + along * Math.log(high.idleHours));
}

/** More cold starts and more idle time at once. */
export const isDominated = (one: Point, by: Point): boolean =>
  one.coldStarts > by.coldStarts && one.idleHours > by.idleHours;

/** Worse than a fixed keep-alive of some length, or than the hybrid histogram in both respects. */
export const isWorse = (auto: Point, frontier: readonly Point[], hybrid: Point): boolean =>
  auto.idleHours > idleAt(frontier, auto.coldStarts) || isDominated(auto, hybrid);
