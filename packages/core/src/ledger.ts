import type { TerminalStatus } from './prediction.ts';
import type { UsageRecord } from './usage.ts';

/** A record as it stands in the ledger: what a run cost, or a later correction of that. Never changed and never removed. */
export interface LedgerRecord extends Omit<UsageRecord, 'status'> {
  readonly kind: 'run' | 'correction';
  /** Null of a correction. */
  readonly status: TerminalStatus | null;
  /** The id of the run's record that a correction adds its cost to. */
  readonly corrects: string | null;
  readonly reason: string | null;
  /** The username of who made a correction. */
  readonly madeBy: string | null;
}

/** A link of an account's chain: its place there, counted from 1, and what it holds of the link before. */
export interface Link {
  readonly position: number;
  /** SHA-256 in hex; {@link CHAIN_START} of the first. */
  readonly previousHash: string;
}

export const CHAIN_START = '0'.repeat(64);

/**
 * What a link is the hash of: JSON without spaces, every field at a fixed place, so that no two records have one text.
 * A field that comes later gets a new first word; links that are there keep theirs.
 */
export const linkText = ({ position, previousHash }: Link, record: LedgerRecord): string =>
  JSON.stringify([
    'hearth-usage-1',
    previousHash,
    position,
    record.id,
    record.kind,
    record.predictionId,
    record.attempt,
    record.accountId,
    record.model,
    record.versionId,
    record.deploymentId,
    record.hardwareSku,
    record.predictMicroseconds,
    record.priceMicrosPerSecond,
    record.costMicros,
    record.status,
    record.at,
    record.corrects,
    record.reason,
    record.madeBy,
  ]);
