import { binEndMs, binMiddleMs, GAP_BINS } from './gap-histogram.ts';

/** When a deployment is kept warm after it went idle, in milliseconds from then on. */
export interface WarmWindow {
  /** 0: what is warm stays. Above: it is let go at once, and one is warm again by then. */
  readonly fromMs: number;
  /** 0: nothing stays. */
  readonly untilMs: number;
}

/**
 * What a cold boot costs, in milliseconds of an idle instance, for each millisecond that it lasts: whoever waits for it
 * is worth so many idle instances. The one price in here; 150 makes people who use an image model that boots in 20 s
 * wait about as often as a keep-alive of half an hour would.
 */
const COLD_BOOT_WEIGHT = 150;

/** A boot for an expected use begins so many of its usual times before it. */
export const BOOT_LEAD = 1.25;

export const coldBootCostMs = (bootMs: number): number => COLD_BOOT_WEIGHT * bootMs;

/**
 * The window that costs least by a forecast of the gap: the idle time in it, `coldMs` where the next prediction comes
 * outside of it, and, where it begins later than at once, the boot that this takes.
 *
 * With F the probability that the gap has ended by then and S = 1 − F, the expected cost of a window is the sum of
 *
 *     begin: coldMs·F(from) + aheadMs·S(from) − E[min(gap, from)]       end: E[gap; gap ≤ until] + (until + coldMs)·S(until)
 *
 * so one pass finds it: to each end belongs the cheapest begin before it. The end alone is ski rental with a known
 * distribution; letting go first pays only where hardly any gap ends early, which is to say for timers. Nothing is let go
 * whose next boot would have to begin before it was gone: that costs more than to stay.
 *
 * `forecast`: the share of each bin of gaps, see {@link binEndMs}.
 */
export function warmWindow(forecast: readonly number[], bootMs: number, coldMs = coldBootCostMs(bootMs)): WarmWindow {
  const aheadMs = BOOT_LEAD * bootMs;
  // Plain numbers and an index: this is asked at the end of every burst, and objects cost several times as much.
  let ended = 0;
  let spentMs = 0;
  let fromMs = 0;
  let beginCost = 0;
  let best = { fromMs: 0, untilMs: 0 };
  let bestCost = coldMs;
  for (let bin = 0; bin < GAP_BINS - 1; bin++) {
    const startMs = bin === 0 ? 0 : (binEndMs[bin - 1] ?? 0);
    const gone = coldMs * ended + (aheadMs - startMs) * (1 - ended) - spentMs;
    if (gone < beginCost) [fromMs, beginCost] = [startMs, gone];
    const share = forecast[bin] ?? 0;
    const untilMs = binEndMs[bin] ?? 0;
    ended += share;
    spentMs += share * (binMiddleMs[bin] ?? 0);
    const cost = beginCost + spentMs + (1 - ended) * (untilMs + coldMs);
    if (cost < bestCost) [best, bestCost] = [{ fromMs, untilMs }, cost];
  }
  return best;
}

/** What a window came to once the gap was over, in the same measure. */
export function windowCostMs({ fromMs, untilMs }: WarmWindow, gapMs: number, bootMs: number): number {
  const idleMs = Math.max(0, Math.min(gapMs, untilMs) - fromMs);
  const aheadMs = fromMs > 0 && gapMs >= fromMs ? BOOT_LEAD * bootMs : 0;
  return idleMs + aheadMs + (gapMs < fromMs || gapMs > untilMs ? coldBootCostMs(bootMs) : 0);
}
