import { binEndMs, binMiddleMs } from './gap-histogram.ts';

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

export const coldBootCostMs = (bootMs: number): number => COLD_BOOT_WEIGHT * bootMs;

/**
 * The window that costs least by a forecast of the gap: the idle time in it, `coldMs` where the next prediction comes
 * outside of it, and, where it begins later than at once, the boot that this takes.
 *
 * With F the probability that the gap has ended by then and S = 1 − F, the expected cost of a window is the sum of
 *
 *     begin: coldMs·F(from) + bootMs·S(from) − E[min(gap, from)]        end: E[gap; gap ≤ until] + (until + coldMs)·S(until)
 *
 * so one pass finds it: to each end belongs the cheapest begin before it. The end alone is ski rental with a known
 * distribution; letting go first pays only where hardly any gap ends early, which is to say for timers. Gone for less than
 * a boot takes is not worth the boot's noise.
 *
 * `forecast`: the share of each bin of gaps, see {@link binEndMs}.
 */
export function warmWindow(forecast: readonly number[], bootMs: number, coldMs = coldBootCostMs(bootMs)): WarmWindow {
  let [ended, spentMs] = [0, 0];
  let begin = { fromMs: 0, cost: 0 };
  let best = { fromMs: 0, untilMs: 0, cost: coldMs };
  for (const [bin, share] of forecast.entries()) {
    const fromMs = binEndMs[bin - 1] ?? 0;
    if (fromMs >= 2 * bootMs) {
      const cost = coldMs * ended + bootMs * (1 - ended) - spentMs - fromMs * (1 - ended);
      if (cost < begin.cost) begin = { fromMs, cost };
    }
    const untilMs = binEndMs[bin] ?? Infinity;
    if (untilMs === Infinity) break;
    ended += share;
    spentMs += share * (binMiddleMs[bin] ?? 0);
    const cost = begin.cost + spentMs + (1 - ended) * (untilMs + coldMs);
    if (cost < best.cost) best = { fromMs: begin.fromMs, untilMs, cost };
  }
  return { fromMs: best.fromMs, untilMs: best.untilMs };
}
