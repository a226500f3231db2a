import type { PooledGaps, UseHistory } from '@hearth/core';

/** What the scheduler remembers of how one deployment is used. */
export interface UseRow {
  readonly deploymentId: string;
  readonly history: UseHistory;
  /** It expects a use, so every look of the scheduler has the deployment in it. */
  readonly expects: boolean;
}

/** What the scheduler learned; nobody else reads or writes it. */
export interface Uses {
  /** Of the deployments that stand, and of all gaps together (null: nothing yet). Rows of removed ones go. */
  load(): Promise<{ readonly rows: readonly UseRow[]; readonly pooled: PooledGaps | null }>;
  /** Upserts those given; of a deployment that is gone nothing is kept. */
  save(rows: readonly UseRow[], pooled: PooledGaps): Promise<void>;
}
