import { CHAIN_START, type LedgerRecord, type Link } from './ledger.ts';
import type { PredictionStatus } from './prediction.ts';
import type { Millis } from './time.ts';
import { costMicros } from './usage.ts';

/** A place where the ledger is not what it must be. */
export interface Difference {
  /** In a word, for programs. */
  readonly kind: /** A prediction ran and has no record. */
    | 'not-billed'
    /** A prediction has a record and has not run, or has not ended. */
    | 'billed-without-run'
    /** There is no prediction of that id. */
    | 'billed-without-prediction'
    | 'billed-twice'
    /** A field of a record is not what its prediction says. */
    | 'wrong-field'
    /** Not the price in force when the run started. */
    | 'wrong-price'
    /** Not run time times price. */
    | 'wrong-cost'
    | 'wrong-correction'
    /** Billed for a time at which the instance that ran it was not there. */
    | 'outside-instance'
    /** More runs at once than the instance has slots. */
    | 'more-than-slots'
    /** A record is not the one that was sealed. */
    | 'changed'
    /** A record that was sealed is not there. */
    | 'removed'
    /** A link does not hold the hash of the one before. */
    | 'broken-link'
    /** Links of a chain are missing. */
    | 'gap'
    /** Two links have one place. */
    | 'forked'
    /** A link comes later in its chain and sooner in the sequence. */
    | 'out-of-order'
    | 'sealed-twice'
    /** For longer than the sealer takes. */
    | 'not-sealed';
  /** Null where it is of all accounts. */
  readonly accountId: string | null;
  readonly predictionId: string | null;
  readonly recordId: string | null;
  /** What was looked at, such as `cost_micros`. Instants are epoch milliseconds. */
  readonly what: string;
  readonly expected: string | number | null;
  readonly found: string | number | null;
}

/** A prediction, as far as its bill is concerned. */
export interface BilledPrediction {
  readonly id: string;
  readonly accountId: string;
  readonly model: string;
  readonly versionId: string;
  readonly deploymentId: string;
  readonly hardwareSku: string;
  readonly status: PredictionStatus;
  readonly attempt: number;
  readonly instanceId: string | null;
  readonly startedAt: Millis | null;
  readonly completedAt: Millis | null;
  /** `metrics.predict_time` of a terminal one, in seconds; null where it has none. */
  readonly predictSeconds: number | null;
  /** `metrics.cost`, in the operator's currency; null where it has none. */
  readonly cost: number | null;
}

/** When an instance could run something. */
export interface InstanceSpan {
  readonly readyAt: Millis;
  /** Null: it is there, or it was lost and may have run on. */
  readonly endedAt: Millis | null;
}

/** What stands beside a record. */
export interface BillContext {
  /** In force when the prediction started; null: its SKU never had one. `unknown`: it started before prices were noted. */
  readonly price: number | null | 'unknown';
  /** Of `instanceId`; null: there is none of that id. */
  readonly instance: InstanceSpan | null;
}

/** Start and end of a run are told by the dispatcher's clock, those of an instance by the scheduler's. */
const CLOCKS_DIFFER_MS = 2_000;

const microsecondsOf = (seconds: number | null): number => Math.round((seconds ?? 0) * 1_000_000);

/** What is wrong with the one record of a prediction, or with there being one or none. */
export function billDifferences(
  prediction: BilledPrediction | null,
  record: LedgerRecord | null,
  context: BillContext,
): readonly Difference[] {
  if (prediction === null)
    return record === null ? [] : [differenceOf(record, 'billed-without-prediction', 'prediction', 'one', 'none')];
  if (record === null) return unbilled(prediction);
  const { status, startedAt, completedAt } = prediction;
  if (completedAt === null || startedAt === null || status === 'aborted') {
    const found = startedAt === null ? 'never started' : status;
    return [differenceOf(record, 'billed-without-run', 'prediction', 'one that ran and has ended', found)];
  }
  return [
    ...fieldDifferences(prediction, record),
    ...priceDifferences(prediction, record, context.price),
    ...lifeDifferences(prediction, { ...record, startedAt }, context.instance),
  ];
}

function unbilled(prediction: BilledPrediction): readonly Difference[] {
  const { id, accountId, status, predictSeconds, cost, completedAt } = prediction;
  const microseconds = microsecondsOf(predictSeconds);
  // Only what ran can succeed, whatever its metrics say by now.
  const hasRun = status === 'succeeded' || microseconds > 0 || (cost ?? 0) > 0;
  if (completedAt === null || !hasRun) return [];
  const about = { accountId, predictionId: id, recordId: null };
  return [{ kind: 'not-billed', ...about, what: 'predict_microseconds', expected: microseconds, found: null }];
}

function fieldDifferences(prediction: BilledPrediction, record: LedgerRecord): readonly Difference[] {
  const fields: readonly [what: string, expected: string | number | null, found: string | number | null][] = [
    ['id', prediction.id, record.id],
    ['attempt', prediction.attempt, record.attempt],
    ['account', prediction.accountId, record.accountId],
    ['model', prediction.model, record.model],
    ['version', prediction.versionId, record.versionId],
    ['deployment', prediction.deploymentId, record.deploymentId],
    ['hardware', prediction.hardwareSku, record.hardwareSku],
    ['status', prediction.status, record.status],
    ['at', prediction.completedAt, record.at],
    ['predict_microseconds', microsecondsOf(prediction.predictSeconds), record.predictMicroseconds],
  ];
  return fields.flatMap(([what, expected, found]) =>
    expected === found ? [] : [differenceOf(record, 'wrong-field', what, expected, found)],
  );
}

function priceDifferences(
  { cost }: BilledPrediction,
  record: LedgerRecord,
  price: BillContext['price'],
): readonly Difference[] {
  const { predictMicroseconds, priceMicrosPerSecond, costMicros: found } = record;
  const inForce = price === 'unknown' ? priceMicrosPerSecond : (price ?? 0);
  const expected = costMicros(predictMicroseconds, priceMicrosPerSecond);
  return [
    ...(inForce === priceMicrosPerSecond
      ? []
      : [differenceOf(record, 'wrong-price', 'price_micros_per_second', inForce, priceMicrosPerSecond)]),
    ...(expected === found ? [] : [differenceOf(record, 'wrong-cost', 'cost_micros', expected, found)]),
    // What the prediction itself says that it cost. Predictions did not always say.
    ...(cost === null || Math.round(cost * 1_000_000) === found
      ? []
      : [differenceOf(record, 'wrong-field', 'metrics.cost', Math.round(cost * 1_000_000), found)]),
  ];
}

function lifeDifferences(
  { instanceId }: BilledPrediction,
  record: LedgerRecord & { readonly startedAt: Millis },
  instance: InstanceSpan | null,
): readonly Difference[] {
  if (instance === null) return [differenceOf(record, 'outside-instance', 'instance', instanceId, 'no such instance')];
  const { readyAt, endedAt } = instance;
  const until = record.startedAt + record.predictMicroseconds / 1_000;
  if (record.startedAt < readyAt - CLOCKS_DIFFER_MS)
    return [differenceOf(record, 'outside-instance', 'ready before', record.startedAt, readyAt)];
  if (endedAt !== null && until > endedAt + CLOCKS_DIFFER_MS)
    return [differenceOf(record, 'outside-instance', 'billed until', endedAt, until)];
  return [];
}

/** A link as it is stored, with the record that it names and its hash recomputed from both. */
export interface StoredLink extends Link {
  readonly accountId: string;
  /** Its place in the order of sealing over all accounts. No hash holds it. */
  readonly sequence: number;
  readonly recordId: string;
  readonly hash: string;
  /** Null: the record is gone. */
  readonly recomputed: string | null;
}

/** What is wrong with a link, given the one before it in the order of positions; null: it is the first of its chain. */
export function linkDifferences(link: StoredLink, before: StoredLink | null): readonly Difference[] {
  const { accountId, recordId, position, sequence, previousHash, hash, recomputed } = link;
  const about = { accountId, predictionId: null, recordId };
  const own: Difference[] = [];
  if (recomputed === null) own.push({ kind: 'removed', ...about, what: 'record', expected: recordId, found: null });
  else if (recomputed !== hash)
    own.push({ kind: 'changed', ...about, what: 'hash', expected: hash, found: recomputed });
  const least = (before?.sequence ?? 0) + 1;
  if (sequence < least)
    own.push({ kind: 'out-of-order', ...about, what: 'sequence', expected: least, found: sequence });
  const next = (before?.position ?? 0) + 1;
  if (position < next) return [...own, { kind: 'forked', ...about, what: 'position', expected: next, found: position }];
  if (position > next) return [...own, { kind: 'gap', ...about, what: 'position', expected: next, found: position }];
  const expected = before?.hash ?? CHAIN_START;
  if (previousHash === expected) return own;
  return [...own, { kind: 'broken-link', ...about, what: 'previous_hash', expected, found: previousHash }];
}

function differenceOf(
  { accountId, predictionId, id }: LedgerRecord,
  kind: Difference['kind'],
  what: string,
  expected: Difference['expected'],
  found: Difference['found'],
): Difference {
  return { kind, accountId, predictionId, recordId: id, what, expected, found };
}
