import { type Learned, NO_POOLED_GAPS, NO_USE, type SeenUse, seeUse, withBoot } from '../src/index.ts';

// A deployment that is used and idle in turn, as a scheduler would see it.

const SEEN: SeenUse = { unfinished: 0, oldestWaitingAt: null, lastUsedAt: null };
export const inUse = (over: Partial<SeenUse> = {}): SeenUse => ({ ...SEEN, unfinished: 1, ...over });
export const idle = (over: Partial<SeenUse> = {}): SeenUse => ({ ...SEEN, ...over });

export const unlearned = (bootMs: number): Learned => ({ history: withBoot(NO_USE, bootMs), pooled: NO_POOLED_GAPS });

export interface Played {
  /** Uses that found nothing warm, without the first of all. */
  readonly cold: number;
  readonly idleMs: number;
  readonly ahead: number;
  readonly learned: Learned;
}

/** Runs of a second after each of these gaps, from 0 on; `auto` decides at each idle start. */
export function playGaps(gaps: readonly number[], from: Learned): Played {
  let learned = seeUse(from, inUse(), 0);
  let [at, cold, idleMs, ahead] = [0, 0, 0, 0];
  for (const gapMs of gaps) {
    learned = seeUse(learned, idle(), (at += 1_000));
    const window = learned.history.window;
    if (window === null) throw new Error('an idle deployment has no window');
    const { fromMs, untilMs } = window;
    if (gapMs < fromMs || gapMs > untilMs) cold++;
    if (fromMs > 0) ahead++;
    idleMs += Math.max(0, Math.min(gapMs, untilMs) - fromMs);
    learned = seeUse(learned, inUse(), (at += gapMs));
  }
  return { cold, idleMs, ahead, learned };
}
