import { type Millis, NeedHistories } from '@hearth/core';
import type { Store } from '@hearth/store';
import { MeasuredTimes } from './measured-times.ts';

/** What a leading scheduler knows beyond what it sees. It begins empty, and is gone with the lead. */
export interface Memory {
  readonly times: MeasuredTimes;
  readonly needs: NeedHistories;
}

export const createMemory = (store: Store, now: Millis): Memory => ({
  times: new MeasuredTimes(store),
  needs: new NeedHistories(now),
});
