/** Milliseconds since the Unix epoch. Core never reads a clock; callers pass `now`. */
export type Millis = number;

/**
 * A span as a person reads it in a reason: `850 ms`, `12 s`, `5 min`, `3 h`. Rounded, never for arithmetic; below 0
 * (the instant came from another machine's clock) it reads as `0 ms`.
 */
export function inWords(spanMs: number): string {
  if (spanMs < 1_000) return `${Math.max(0, Math.round(spanMs))} ms`;
  if (spanMs < 120_000) return `${Math.round(spanMs / 1_000)} s`;
  if (spanMs < 7_200_000) return `${Math.round(spanMs / 60_000)} min`;
  return `${Math.round(spanMs / 3_600_000)} h`;
}

/** Null of none. */
export const earliest = (instants: readonly (Millis | null)[]): Millis | null => {
  const some = instants.filter((at) => at !== null);
  return some.length === 0 ? null : Math.min(...some);
};
