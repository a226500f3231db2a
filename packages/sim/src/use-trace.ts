import type { Millis } from '@hearth/core';

/** One deployment's share of a trace: instants in order of time; `count` predictions arrive at once. */
export interface Use {
  readonly at: Millis;
  readonly runMs: number;
  readonly count: number;
}

/** Who was asked for when: the predictions of each deployment by its id. */
export interface UseTrace {
  readonly name: string;
  readonly uses: ReadonlyMap<string, readonly Use[]>;
}

/** From the end of all runs so far to the next arrival; 0 where it came while one still ran. */
export interface Gap {
  readonly deploymentId: string;
  readonly from: Millis;
  readonly to: Millis;
}

/** The gaps of one deployment, in order: one fewer than its uses. */
export function gapsOf(deploymentId: string, uses: readonly Use[]): readonly Gap[] {
  const gaps: Gap[] = [];
  let idleFrom = -Infinity;
  for (const { at, runMs } of uses) {
    if (idleFrom !== -Infinity) gaps.push({ deploymentId, from: idleFrom, to: Math.max(idleFrom, at) });
    idleFrom = Math.max(idleFrom, at + runMs);
  }
  return gaps;
}

export const predictionsIn = ({ uses }: UseTrace): number =>
  [...uses.values()].reduce((sum, of) => of.reduce((n, { count }) => n + count, sum), 0);
