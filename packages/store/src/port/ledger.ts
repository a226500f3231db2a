import type { Difference, LedgerRecord, Millis } from '@hearth/core';

// Records of runs come with a prediction's end. Corrections are the api's, seals the dispatcher's; nothing is ever changed.

/** A record with its place in the order that records are sealed in, over all accounts: counted from 1, without holes. */
export interface SealedRecord extends LedgerRecord {
  readonly sequence: number;
  readonly username: string | null;
}

/** What a verification has looked at so far. */
export interface LedgerCounts {
  /** Those that have ended. */
  readonly predictions: number;
  /** Of runs. */
  readonly records: number;
  readonly corrections: number;
  readonly chains: number;
  readonly links: number;
  /** So new that they have no link yet. */
  readonly unsealed: number;
  /** Runs that started before prices were noted, whose price nothing says. */
  readonly unpriced: number;
}

/** A part of a verification: the counts up to here, and what was found since the part before. */
export interface VerifiedPart {
  readonly checked: LedgerCounts;
  /** `username`: of the account; null where that is gone, or where it is of all. */
  readonly differences: readonly (Difference & { readonly username: string | null })[];
}

export interface Ledger {
  /**
   * dispatcher: links what is not in its account's chain yet, at most `limit`; answers how many. Safe from several at once:
   * they take turns. What commits late is linked late, never passed over.
   */
  seal(limit: number): Promise<number>;
  /**
   * Adds the ledger up again from the predictions and the instances, all of it as of one instant and in parts of bounded
   * size. `accountId`: of that one only.
   */
  verify(query: { accountId?: string | undefined }): AsyncIterable<VerifiedPart>;
  /** Sealed records in the order of their sequence, those behind `after`; `at` in [from, to). */
  sealed(query: {
    after: number;
    accountId?: string | undefined;
    from?: Millis | undefined;
    to?: Millis | undefined;
  }): AsyncIterable<readonly SealedRecord[]>;
  /**
   * api: a correction of the record of a prediction's run, never below what the run cost with the corrections before it:
   * then what is left of that. Its id is the prediction's, a dot, and `key`, which begins with a letter; left out, the next
   * number. The same key again answers what stands.
   */
  correct(
    predictionId: string,
    correction: { costMicros: number; reason: string; madeBy: string; key?: string | undefined; at: Millis },
  ): Promise<
    { readonly record: LedgerRecord; readonly made: boolean } | { readonly leftMicros: number } | 'not-billed'
  >;
}
