import { type WarmWindow, warmWindow } from './auto-keep-alive.ts';
import { isAhead, withCompared } from './forecast-lead.ts';
import {
  burstClass,
  forecast,
  GENERIC_SHARE,
  learnGap,
  NO_OWN_GAPS,
  type OwnGaps,
  type PooledGaps,
} from './gap-forecast.ts';
import type { Millis } from './time.ts';

/** What is remembered of how a deployment is used: what `auto` keeps warm by, and what an eviction costs. */
export interface UseHistory {
  readonly gaps: OwnGaps;
  /** Since when it is used without a long pause; null: never used. */
  readonly burstSince: Millis | null;
  /** Since when nothing waits and nothing runs; null: it is in use, or never was. */
  readonly idleSince: Millis | null;
  /** Decided when it went idle, for this gap; null while it is in use. */
  readonly window: WarmWindow | null;
  /** What the forecast would have it be: in force where forecasts pay, and looked at after the gap to see whether they do. */
  readonly foreseen: WarmWindow | null;
  /** Times that it was asked for while idle, each fading by e in ten days from then on. */
  readonly uses: { readonly count: number; readonly at: Millis };
  /** From the decision to boot until ready, as last measured; null: never. */
  readonly bootMs: number | null;
}

export const NO_USE: UseHistory = {
  gaps: NO_OWN_GAPS,
  burstSince: null,
  idleSince: null,
  window: null,
  foreseen: null,
  uses: { count: 0, at: 0 },
  bootMs: null,
};

/** What a look at a deployment shows of its use. */
export interface SeenUse {
  /** Predictions that wait or run. */
  readonly unfinished: number;
  /** When the one that waits longest arrived. */
  readonly oldestWaitingAt: Millis | null;
  /** When one of its instances last took or ended a prediction. */
  readonly lastUsedAt: Millis | null;
}

/** A pause that ends a burst. */
const BURST_ENDS_MS = 1_800_000;
const USE_FADES_MS = 10 * 86_400_000;
/** What a boot is taken to last until one was measured. */
const USUAL_BOOT_MS = 24_000;
/** From these odds on a deployment is taken for a timer whatever the others are: four gaps of one length, or so. */
const TIMER_ODDS = 2;

export const usualBootMs = ({ bootMs }: UseHistory): number => bootMs ?? USUAL_BOOT_MS;

/** How often it is asked for while idle: times in ten days or so, at `now`. */
export const demandRate = ({ uses }: UseHistory, now: Millis): number =>
  uses.count * Math.exp(-Math.max(0, now - uses.at) / USE_FADES_MS);

/** With what a boot of it is measured to take. The same object where that is what was known. */
export const withBoot = (history: UseHistory, bootMs: number): UseHistory =>
  history.bootMs === bootMs ? history : { ...history, bootMs };

/** What was learned, and by whom: a deployment's history and everybody's gaps go on together. */
export interface Learned {
  readonly history: UseHistory;
  readonly pooled: PooledGaps;
}

/**
 * Goes on from what was known with what a look shows. The same objects come back where nothing new is seen. A run that
 * came and went between two looks shows by `lastUsedAt` alone.
 */
export function seeUse({ history, pooled }: Learned, seen: SeenUse, now: Millis): Learned {
  const { idleSince, burstSince } = history;
  if (seen.unfinished > 0) {
    if (burstSince !== null && idleSince === null) return { history, pooled };
    return began({ history, pooled }, seen.oldestWaitingAt ?? now);
  }
  const usedMeanwhile = seen.lastUsedAt !== null && idleSince !== null && seen.lastUsedAt > idleSince;
  if (usedMeanwhile) {
    const at = seen.lastUsedAt;
    const { history: used, pooled: taught } = began({ history, pooled }, at);
    return { history: ended(used, taught, at), pooled: taught };
  }
  if (burstSince === null || idleSince !== null) return { history, pooled };
  return { history: ended(history, pooled, now), pooled };
}

const IN_USE = { idleSince: null, window: null, foreseen: null } as const;

/** Asked for at `at`, having been idle or never used. */
function began({ history, pooled }: Learned, at: Millis): Learned {
  const { idleSince, burstSince } = history;
  const uses = { count: 1 + demandRate(history, at), at };
  if (idleSince === null || burstSince === null) {
    return { history: { ...history, ...IN_USE, uses, burstSince: at }, pooled };
  }
  const gapMs = Math.max(0, at - idleSince);
  const { own, pooled: taught } = learnGap(history.gaps, pooled, burstClass(idleSince - burstSince), gapMs);
  const since = gapMs > BURST_ENDS_MS ? at : burstSince;
  return {
    history: { ...history, ...IN_USE, gaps: own, uses, burstSince: since },
    pooled: compared(history, taught, gapMs),
  };
}

/** The keep-alive that is best by what is usual: the same for all that boot in the same time. */
const plainWindow = (bootMs: number): WarmWindow => warmWindow(GENERIC_SHARE, bootMs);

/** Whether forecasts pay, with one more gap. */
function compared(history: UseHistory, pooled: PooledGaps, gapMs: number): PooledGaps {
  const { foreseen } = history;
  if (foreseen === null) return pooled;
  const bootMs = usualBootMs(history);
  return { ...pooled, lead: withCompared(pooled.lead, { plain: plainWindow(bootMs), foreseen }, gapMs, bootMs) };
}

/**
 * Idle from `at` on: decides for how long it stays warm. By forecast where forecasts have paid, here or for this
 * deployment, which then is a timer; else for as long as is best by what is usual.
 */
function ended(history: UseHistory, pooled: PooledGaps, at: Millis): UseHistory {
  const shares = forecast(history.gaps, pooled, burstClass(at - (history.burstSince ?? at)));
  const bootMs = usualBootMs(history);
  const foreseen = warmWindow(shares, bootMs);
  const pays = isAhead(pooled.lead) || history.gaps.timerOdds > TIMER_ODDS;
  return { ...history, idleSince: at, window: pays ? foreseen : plainWindow(bootMs), foreseen };
}

/** Whether `auto` awaits a use of it, for which an instance is to be booted or kept. */
export const expectsUse = ({ window, idleSince }: UseHistory, now: Millis): boolean =>
  window !== null && idleSince !== null && window.fromMs > 0 && now < idleSince + window.untilMs;

/** The history without the digits that nobody needs: below a kilobyte as JSON. */
export function storable(history: UseHistory): UseHistory {
  const { gaps, uses, bootMs } = history;
  const counts = gaps.counts.map((n) => Math.round(n * 10) / 10);
  return {
    ...history,
    gaps: { counts: counts.slice(0, counts.findLastIndex((n) => n > 0) + 1), timerOdds: inThousandths(gaps.timerOdds) },
    uses: { ...uses, count: inThousandths(uses.count) },
    bootMs: bootMs === null ? null : Math.round(bootMs),
  };
}

const inThousandths = (n: number): number => Math.round(n * 1_000) / 1_000;
