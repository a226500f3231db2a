import type { WirePredictionTimeline } from '@hearth/contract';

type WireStep = WirePredictionTimeline['steps'][number];

/** A step as it is drawn. */
export interface Span {
  readonly step: WireStep['step'];
  readonly ms: number;
  /** Of the whole, 0 to 1. */
  readonly start: number;
  readonly share: number;
  /** It lasts still. */
  readonly open: boolean;
}

/** Steps with their part of the time from the first's beginning to the last's end, or to now. */
export function spansOf(steps: readonly WireStep[], now: number): readonly Span[] {
  const timed = steps.map(({ step, from, to }) => {
    const fromMs = Date.parse(from);
    // This machine's clock may be behind the server's.
    return { step, fromMs, toMs: to === null ? Math.max(now, fromMs) : Date.parse(to), open: to === null };
  });
  const begin = timed[0]?.fromMs ?? now;
  const wholeMs = Math.max(1, (timed.at(-1)?.toMs ?? now) - begin);
  return timed.map(({ step, fromMs, toMs, open }) => ({
    step,
    ms: toMs - fromMs,
    start: (fromMs - begin) / wholeMs,
    share: (toMs - fromMs) / wholeMs,
    open,
  }));
}
