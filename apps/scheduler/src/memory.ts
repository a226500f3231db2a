import { NeedHistories, NO_SHAPES, PlanMemory, type Snapshot, type TypicalShape } from '@hearth/core';
import { GpuMemory, type GpuMemoryDeps } from './gpu-memory.ts';
import { MeasuredTimes } from './measured-times.ts';
import { SeenUses } from './seen-uses.ts';
import { UseHistories } from './use-histories.ts';

/** What a leading scheduler knows beyond what it sees. Times and needs begin empty and are gone with the lead. */
export interface Memory {
  readonly times: MeasuredTimes;
  readonly needs: NeedHistories;
  readonly uses: UseHistories;
  readonly seenUses: SeenUses;
  readonly gpus: GpuMemory;
  readonly plans: PlanMemory;
  /** What the last cycle saw; null before the first. */
  snapshot: Snapshot | null;
  /** What the fleet was typically asked for when it was last looked at. */
  shapes: readonly TypicalShape[];
}

export const openMemory = async (deps: GpuMemoryDeps): Promise<Memory> => ({
  times: new MeasuredTimes(deps.store),
  needs: new NeedHistories(deps.clock.now()),
  uses: await UseHistories.open(deps.store, deps.clock.now()),
  seenUses: new SeenUses(),
  gpus: new GpuMemory(deps),
  plans: new PlanMemory(),
  snapshot: null,
  shapes: NO_SHAPES,
});
