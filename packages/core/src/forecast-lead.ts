import { coldBootCostMs, type WarmWindow, windowCostMs } from './auto-keep-alive.ts';

/**
 * How much better the windows by forecast have done than the plain ones, over the gaps of all deployments, whichever was in
 * force; in cold boots. Each gap fades with those that come after it.
 */
export interface ForecastLead {
  readonly saved: number;
  /** Sum of the squares of what each gap added. */
  readonly squares: number;
}

export const NO_LEAD: ForecastLead = { saved: 0, squares: 0 };

/** A lead counts the last few thousand gaps. */
const FADE = 1 - 1 / 3_000;
/** Gaps of people differ so much that a forecast which tells nothing is ahead for long stretches. */
const DEVIATIONS = 2;

/** With one more gap. `bootMs`: what a boot of this deployment takes. */
export function withCompared(
  { saved, squares }: ForecastLead,
  { plain, foreseen }: { readonly plain: WarmWindow; readonly foreseen: WarmWindow },
  gapMs: number,
  bootMs: number,
): ForecastLead {
  const savedMs = windowCostMs(plain, gapMs, bootMs) - windowCostMs(foreseen, gapMs, bootMs);
  const boots = savedMs / Math.max(1, coldBootCostMs(bootMs));
  return { saved: FADE * saved + boots, squares: FADE ** 2 * squares + boots ** 2 };
}

/** Ahead by more than chance would be. */
export const isAhead = ({ saved, squares }: ForecastLead): boolean => saved > DEVIATIONS * Math.sqrt(squares);
