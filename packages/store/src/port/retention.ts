import type { Millis } from '@hearth/core';

/**
 * The removal of data, the dispatcher's. The record goes first and the bytes follow: emptying a prediction lets its files
 * expire in the same statement, and an expired file keeps its row until its bytes are gone. Whoever dies in between leaves
 * a row that says what is still to be done.
 */
export interface Retention {
  /**
   * Empties input, output and logs of predictions that the API made and that ended before an instant, oldest first, and
   * lets their files expire at `at`. Examples of a model and trainings are kept. Answers how many there were, at most `limit`.
   */
  emptyPredictions(endedBefore: Millis, at: Millis, limit: number): Promise<number>;
  /**
   * Lets outputs made before an instant expire that no prediction can name any more: nobody claimed them, or the data of
   * their prediction was removed while they still came in. Answers how many.
   */
  expireLeftovers(madeBefore: Millis, at: Millis): Promise<number>;
  /** Ids of expired files, in pages by id. Weights of versions are not among them. */
  expiredFiles(now: Millis, after: string | null, limit: number): Promise<string[]>;
  /** Removes the rows of expired files whose bytes are gone. */
  removeFiles(ids: readonly string[]): Promise<void>;
  /** Those of these ids that have a row. */
  knownFiles(ids: readonly string[]): Promise<string[]>;
}
