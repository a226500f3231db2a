import { BOOT_LEAD } from './auto-keep-alive.ts';
import { type Instance, idleSince, longestIdleFirst } from './instance.ts';
import { inWords, type Millis } from './time.ts';
import { type UseHistory, usualBootMs } from './use-history.ts';

/** How long an instance that nobody needs stays. */
export type KeepAlive =
  | { readonly kind: 'fixed'; readonly ms: number }
  /** Until another deployment needs its room. */
  | { readonly kind: 'until-needed' }
  /** As long as past use makes it worth, and gone in between where it is used by a timer. */
  | { readonly kind: 'auto' };

/** What `auto` does where nothing is known, and with instances beyond the one that past use speaks of. */
const UNLEARNED_MS = 300_000;

/** What keep-alive comes to for one deployment, now. */
export interface Stay {
  /** Infinity: not by time. */
  expiresAt(instance: Instance): Millis;
  /** Why an instance that has expired goes. */
  why(instance: Instance): string;
  /** Set between two uses of a timer: when one is to be booted for the next (not before now: it is time), and until when it is kept. */
  readonly expected: Expected | null;
}

export interface Expected {
  readonly bootAt: Millis;
  readonly useAt: Millis;
  readonly until: Millis;
}

/** `use`: null where nobody kept a history. */
export function stayOf(keepAlive: KeepAlive, use: UseHistory | null, now: Millis): Stay {
  if (keepAlive.kind === 'until-needed') {
    return { expiresAt: () => Infinity, why: () => '', expected: null };
  }
  const window = keepAlive.kind === 'auto' ? (use?.window ?? null) : null;
  if (window === null || use === null || use.idleSince === null) {
    return staying(keepAlive.kind === 'fixed' ? keepAlive.ms : UNLEARNED_MS, 'keep-alive is', now);
  }
  if (window.fromMs === 0) return staying(window.untilMs, 'to spare a cold boot it is kept for', now);
  const expected = {
    bootAt: use.idleSince + window.fromMs - BOOT_LEAD * usualBootMs(use),
    useAt: use.idleSince + window.fromMs,
    until: use.idleSince + window.untilMs,
  };
  const early = now < expected.bootAt;
  return {
    expiresAt: (i) => (early ? idleSince(i) : expected.until),
    why: () =>
      early
        ? `It is used by a timer; the next time is expected in ${inWords(expected.useAt - now)}.`
        : 'It was expected to be used by now, and was not.',
    expected: now < expected.until ? expected : null,
  };
}

const staying = (ms: number, is: string, now: Millis): Stay => ({
  expiresAt: (i) => idleSince(i) + ms,
  why: (i) => `Idle for ${inWords(now - idleSince(i))}; ${is} ${inWords(ms)}.`,
  expected: null,
});

export interface IdleSurplus {
  /** Idle for the whole keep-alive: to be drained now. */
  readonly expired: readonly Instance[];
  /** Idle and not needed, but inside keep-alive: stays, and may be evicted where others need the room. */
  readonly spare: readonly Instance[];
  /** When the next of `spare` expires; null where none does by time. Always after `now`. */
  readonly nextExpiryAt: Millis | null;
}

/**
 * The idle instances beyond what is needed, longest idle first.
 *
 * Only ready ones are counted, on both sides: keep-alive never runs while an instance boots, and one that still boots
 * is no reason to let a warm one go. An instance that was never used is idle since it became ready, not since 1970.
 */
export function idleSurplus(
  ready: readonly Instance[],
  needed: number,
  { expiresAt }: Pick<Stay, 'expiresAt'>,
  now: Millis,
): IdleSurplus {
  const surplus = ready
    .filter((i) => i.state === 'ready' && i.inFlight === 0)
    .toSorted(longestIdleFirst)
    .slice(0, Math.max(0, ready.length - needed));
  const spare = surplus.filter((i) => expiresAt(i) > now);
  const next = Math.min(...spare.map(expiresAt));
  return {
    expired: surplus.filter((i) => expiresAt(i) <= now),
    spare,
    nextExpiryAt: next === Infinity ? null : next,
  };
}
