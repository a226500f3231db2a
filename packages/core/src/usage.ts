import type { TerminalStatus } from './prediction.ts';
import type { Millis } from './time.ts';

/** What a container said about a run, and what we saw of it. */
export interface RunTimes {
  /** Cog's `metrics.predict_time`, in seconds. Its failed and canceled reports carry none. */
  readonly reportedPredictSeconds: number | null;
  readonly reportedStartedAt: Millis | null;
  readonly reportedCompletedAt: Millis | null;
  /** From sending the prediction to its terminal report, on our clock. Nothing beyond it is ever billed. */
  readonly elapsedMs: number;
}

/** One billed interval. */
export interface UsageRecord {
  /** The idempotency key: the prediction's id, because a prediction is billed once. */
  readonly id: string;
  readonly predictionId: string;
  readonly attempt: number;
  readonly accountId: string;
  /** `owner/name` */
  readonly model: string;
  readonly versionId: string;
  readonly deploymentId: string;
  readonly hardwareSku: string;
  readonly predictMicroseconds: number;
  /** Millionths of the operator's currency, as the hardware was priced at the time. */
  readonly priceMicrosPerSecond: number;
  readonly costMicros: number;
  readonly status: TerminalStatus;
  readonly at: Millis;
}

/**
 * Microseconds to bill, an integer of 0 or more. The first of these that is a finite number, not negative and not above
 * our own elapsed time: the container's predict time; its completed − started; else our elapsed time itself. A container
 * is the user's code, so its word can lower a bill but never raise it above what we saw.
 *
 * @throws RangeError where `elapsedMs` is not a finite number. Below 0 (our clock was set back) it counts as 0.
 */
export function billedMicroseconds(times: RunTimes): number {
  if (!Number.isFinite(times.elapsedMs))
    throw new RangeError(`elapsedMs is ${times.elapsedMs}; it must be a finite number`);
  const elapsed = Math.max(0, Math.round(times.elapsedMs * 1_000));
  const { reportedPredictSeconds: seconds, reportedStartedAt: started, reportedCompletedAt: completed } = times;
  const claims = [
    seconds === null ? null : seconds * 1_000_000,
    started === null || completed === null ? null : (completed - started) * 1_000,
  ];
  for (const claim of claims) {
    if (claim === null || !Number.isFinite(claim) || claim < 0) continue;
    if (Math.round(claim) <= elapsed) return Math.round(claim);
  }
  return elapsed;
}

/**
 * The cost in millionths, rounded half up. In whole numbers throughout: a day at a high price exceeds 2^53 on the way.
 *
 * @throws RangeError where an argument is not a safe integer of 0 or more, or the cost is not one.
 */
export function costMicros(predictMicroseconds: number, priceMicrosPerSecond: number): number {
  const exact = (value: number, name: string): bigint => {
    if (Number.isSafeInteger(value) && value >= 0) return BigInt(value);
    throw new RangeError(`${name} is ${value}; it must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`);
  };
  const product =
    exact(predictMicroseconds, 'predictMicroseconds') * exact(priceMicrosPerSecond, 'priceMicrosPerSecond');
  const cost = Number((product + 500_000n) / 1_000_000n);
  exact(cost, 'costMicros');
  return cost;
}

/** A prediction that has ended, as far as its bill is concerned. */
export type EndedRun = Omit<UsageRecord, 'id' | 'predictMicroseconds' | 'costMicros'> & {
  /** When its last attempt was claimed; null: it never ran. */
  readonly startedAt: Millis | null;
  readonly times: RunTimes;
};

/** The one record of a prediction; null where it costs nothing because it never ran (aborted, or ended before a start). */
export function usageRecord(run: EndedRun): UsageRecord | null {
  const { startedAt, times, ...facts } = run;
  if (startedAt === null || facts.status === 'aborted') return null;
  const predictMicroseconds = billedMicroseconds(times);
  return {
    ...facts,
    id: facts.predictionId,
    predictMicroseconds,
    costMicros: costMicros(predictMicroseconds, facts.priceMicrosPerSecond),
  };
}
