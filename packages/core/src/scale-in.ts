import type { Instance } from './instance.ts';
import type { Millis } from './time.ts';

/** How many instances a deployment needed at a cycle, until the next step. */
export interface NeedStep {
  readonly at: Millis;
  readonly needed: number;
}

/** What a deployment needed lately, oldest step first. Before its first step it needed none. */
export interface NeedHistory {
  /** What was before this instant nobody knows: the scheduler began to look then. */
  readonly since: Millis;
  readonly steps: readonly NeedStep[];
}

/** How many instances stay though their keep-alive has ended, and when that next lets one go. */
export interface Hold {
  readonly instances: number;
  /** Always after `now`; null: not with time alone. */
  readonly until: Millis | null;
  readonly reason: 'none' | 'no-history' | 'average';
}

export const NO_HOLD: Hold = { instances: 0, until: null, reason: 'none' };

/** Knative's stable window: a load that comes back within it finds what it left. */
export const STABLE_WINDOW_MS = 60_000;
/** Far more than cycles change their mind in a window; beyond it the two oldest become one, the larger. */
const MOST_STEPS = 64;

/**
 * Damps the scale-in: of several instances as many stay as were needed on average over the window, whatever their
 * keep-alive. Of the last one keep-alive alone decides. Where an instance is older than the history, as after a restart
 * of the scheduler, all stay until the history is as long as the window. Null: no history is kept, nothing is held.
 */
export function holdBack(ready: readonly Instance[], history: NeedHistory | null, now: Millis): Hold {
  if (history === null || ready.length === 0) return NO_HOLD;
  const knownAt = history.since + STABLE_WINDOW_MS;
  if (now < knownAt && ready.some((i) => i.since < history.since)) {
    return { instances: ready.length, until: knownAt, reason: 'no-history' };
  }
  const sum = neededMs(history.steps, now);
  const average = Math.ceil(sum / STABLE_WINDOW_MS);
  if (average < 2) return NO_HOLD;
  // Down to as many as there are it lets nobody go; and at one it lets the last one go.
  const level = Math.max(1, Math.min(average, ready.length) - 1);
  return { instances: average, until: fallsTo(level, history.steps, sum, now), reason: 'average' };
}

const neededAt = (steps: readonly NeedStep[], at: Millis): number => steps.findLast((s) => s.at <= at)?.needed ?? 0;

/** Instances needed × milliseconds, summed over the window that ends at `now`. */
function neededMs(steps: readonly NeedStep[], now: Millis): number {
  const from = now - STABLE_WINDOW_MS;
  return steps.reduce((sum, { at, needed }, n) => {
    const until = Math.min(steps[n + 1]?.at ?? now, now);
    return sum + needed * Math.max(0, until - Math.max(at, from));
  }, 0);
}

/**
 * When the average is down to `level` if nothing changes: the last step goes on, while the window moves over the earlier
 * ones. All in whole numbers, so that the instant is exact.
 */
function fallsTo(level: number, steps: readonly NeedStep[], sum: number, now: Millis): Millis | null {
  const entering = steps.at(-1)?.needed ?? 0;
  let [at, left] = [now, sum - level * STABLE_WINDOW_MS];
  for (const edge of steps.map((s) => s.at + STABLE_WINDOW_MS).filter((edge) => edge > now)) {
    const falling = neededAt(steps, at - STABLE_WINDOW_MS) - entering;
    const reached = falling > 0 ? at + Math.ceil(left / falling) : Infinity;
    if (reached <= edge) return reached;
    left -= falling * (edge - at);
    at = edge;
  }
  return null;
}

/** The history one cycle later, bounded by the window. The same history where nothing changed. */
export function withNeed(history: NeedHistory, needed: number, now: Millis): NeedHistory {
  if (neededAt(history.steps, now) === needed) return history;
  const from = now - STABLE_WINDOW_MS;
  const begun = history.steps.filter((_, n) => (history.steps[n + 1]?.at ?? now) > from);
  const [first, second, ...rest] = begun;
  const steps =
    begun.length < MOST_STEPS || first === undefined || second === undefined
      ? begun
      : [{ at: first.at, needed: Math.max(first.needed, second.needed) }, ...rest];
  return { ...history, steps: [...steps, { at: now, needed }] };
}

/** What all deployments needed lately. The scheduler keeps one for as long as it leads; it is lost with it. */
export class NeedHistories {
  readonly #unknown: NeedHistory;
  readonly #histories = new Map<string, NeedHistory>();
  /** At the last cycle, of those that needed any. */
  #needs: ReadonlyMap<string, number> = new Map();
  /** Since when the others need none, the longest first. */
  readonly #idle = new Map<string, Millis>();

  constructor(since: Millis) {
    this.#unknown = { since, steps: [] };
  }

  of(deploymentId: string): NeedHistory {
    return this.#histories.get(deploymentId) ?? this.#unknown;
  }

  /**
   * After a cycle. A deployment that is not among them needed none; after a window of that it is forgotten. Answers whose
   * history is another one now.
   */
  record(needs: ReadonlyMap<string, number>, now: Millis): readonly string[] {
    const changed: string[] = [];
    for (const [id, needed] of needs) {
      if (needed === (this.#needs.get(id) ?? 0)) continue;
      this.#histories.set(id, withNeed(this.of(id), needed, now));
      this.#idle.delete(id);
      changed.push(id);
    }
    for (const id of this.#needs.keys()) {
      if (needs.has(id)) continue;
      this.#histories.set(id, withNeed(this.of(id), 0, now));
      this.#idle.set(id, now);
      changed.push(id);
    }
    for (const [id, since] of this.#idle) {
      if (since > now - STABLE_WINDOW_MS) break;
      this.#idle.delete(id);
      this.#histories.delete(id);
      changed.push(id);
    }
    this.#needs = needs;
    return changed;
  }
}
