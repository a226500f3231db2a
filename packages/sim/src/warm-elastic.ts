import {
  type Learned,
  type Millis,
  NO_POOLED_GAPS,
  NO_USE,
  type PooledGaps,
  seeUse,
  type UseHistory,
  type WarmWindow,
  withBoot,
} from '@hearth/core';
import { type Gap, gapsOf, type UseTrace } from './use-trace.ts';

/** What a keep-alive came to over a trace, one instance a deployment, room for all. */
export interface WarmCost {
  /** Predictions, several at one instant as one, that found nothing warm; the first of each deployment among them. */
  readonly coldStarts: number;
  /** Time that an instance was warm and held nothing. After the last use of a deployment nothing is counted, for no policy. */
  readonly idleMs: number;
  /** Boots ahead of a use that was expected. */
  readonly preWarmed: number;
}

/** The warm window of each gap, asked for in order of time as the gaps of one deployment begin. */
export type WindowOf = (gap: Gap) => WarmWindow;

/** Plays gaps against windows that look at one deployment only. `policy` makes a fresh one for each deployment. */
export function warmAlone(trace: UseTrace, policy: () => WindowOf): WarmCost {
  const tally = new Tally(trace.uses.size);
  for (const [id, uses] of trace.uses) {
    const windowOf = policy();
    for (const gap of gapsOf(id, uses)) tally.add(windowOf(gap), gap.to - gap.from);
  }
  return tally.cost();
}

/** `auto` as the scheduler runs it: learns of each use as it comes, of all deployments together, in order of time. */
export function warmAuto(trace: UseTrace, bootMs: number): WarmCost {
  const tally = new Tally(trace.uses.size);
  const histories = new Map<string, UseHistory>();
  let pooled: PooledGaps = NO_POOLED_GAPS;
  const look = (id: string, at: Millis, unfinished: number): UseHistory => {
    const history = histories.get(id) ?? withBoot(NO_USE, bootMs);
    const seen = { unfinished, oldestWaitingAt: null, lastUsedAt: null };
    const learned: Learned = seeUse({ history, pooled }, seen, at);
    histories.set(id, learned.history);
    pooled = learned.pooled;
    return learned.history;
  };
  for (const { at, id, begins, gap } of looksAt(trace)) {
    if (!begins) {
      look(id, at, 0);
      continue;
    }
    const window = histories.get(id)?.window ?? null;
    if (gap !== null && window !== null) tally.add(window, gap.to - gap.from);
    look(id, at, 1);
  }
  return tally.cost();
}

interface Look {
  readonly at: Millis;
  readonly id: string;
  /** A use begins, after `gap` (null: the first); otherwise the last run ends. */
  readonly begins: boolean;
  readonly gap: Gap | null;
}

/** Where each deployment goes from idle to used and back, in order of time. */
function looksAt(trace: UseTrace): readonly Look[] {
  const looks: Look[] = [];
  for (const [id, uses] of trace.uses) {
    const first = uses[0];
    if (first === undefined) continue;
    looks.push({ at: first.at, id, begins: true, gap: null });
    for (const gap of gapsOf(id, uses)) {
      if (gap.to === gap.from) continue;
      looks.push({ at: gap.from, id, begins: false, gap: null }, { at: gap.to, id, begins: true, gap });
    }
  }
  // Stable: what a deployment does at one instant stays in its order.
  return looks.toSorted((a, b) => a.at - b.at);
}

class Tally {
  #coldStarts: number;
  #idleMs = 0;
  #preWarmed = 0;

  constructor(deployments: number) {
    this.#coldStarts = deployments;
  }

  add({ fromMs, untilMs }: WarmWindow, gapMs: number): void {
    if (fromMs > 0 && gapMs >= fromMs) this.#preWarmed++;
    if (gapMs < fromMs || gapMs > untilMs) this.#coldStarts++;
    this.#idleMs += Math.max(0, Math.min(gapMs, untilMs) - fromMs);
  }

  cost(): WarmCost {
    return { coldStarts: this.#coldStarts, idleMs: this.#idleMs, preWarmed: this.#preWarmed };
  }
}
