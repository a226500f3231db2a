import type { Millis } from '@hearth/core';

/** Name of an input → its value, sealed. */
export type SealedInput = Readonly<Record<string, string>>;

/** Secrets in the inputs of unfinished predictions. The inputs themselves hold a placeholder. */
export interface SealedInputs {
  /** api, before it inserts the prediction. */
  put(predictionId: string, sealed: SealedInput, at: Millis): Promise<void>;
  /** api: removes them where the prediction was not made after all; those of one that is there stay. */
  takeBack(predictionId: string): Promise<void>;
  /** dispatcher: what is kept of these predictions; one without secrets is not among them. */
  of(predictionIds: readonly string[]): Promise<ReadonlyMap<string, SealedInput>>;
  /** dispatcher: removes those of predictions that are over, and those put before an instant whose prediction never came. */
  removeOver(neverCameBefore: Millis): Promise<number>;
}
