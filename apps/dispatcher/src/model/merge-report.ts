import type { CogReport } from '@hearth/contract';
import type { Millis } from '@hearth/core';

type ReportStatus = CogReport['status'];
export type ReportedEnd = Exclude<ReportStatus, 'starting' | 'processing'>;

/** What a container has said about one attempt so far. It only ever grows. */
export interface MergedReport {
  readonly status: ReportStatus | null;
  /** null: none so far. */
  readonly output: unknown;
  readonly logs: string;
  readonly error: string | null;
  readonly metrics: Readonly<Record<string, unknown>>;
  readonly startedAt: Millis | null;
  readonly completedAt: Millis | null;
}

export const NOTHING_REPORTED: MergedReport = {
  status: null,
  output: null,
  logs: '',
  error: null,
  metrics: {},
  startedAt: null,
  completedAt: null,
};

export const isEnd = (status: ReportStatus | null): status is ReportedEnd =>
  status === 'succeeded' || status === 'failed' || status === 'canceled';

/**
 * Joins a report to what was known. Reports are snapshots that may come late, twice, out of order or with fields missing
 * (contract §6.4), so this is a join: the same reports in any order lead to the same end. The first end stands; logs and
 * output never shrink. Error, metrics and completion time are taken from the end alone: what an earlier snapshot says of
 * them is provisional.
 */
export function mergeReport(known: MergedReport, report: CogReport): MergedReport {
  const ends = isEnd(report.status) && !isEnd(known.status);
  return {
    status: later(known.status, report.status),
    output: longerOutput(known.output, report.output ?? null, { known: isEnd(known.status), next: ends }),
    logs: longer(known.logs, report.logs ?? ''),
    error: ends ? (report.error ?? null) : known.error,
    metrics: ends ? (report.metrics ?? {}) : known.metrics,
    startedAt: earliest(known.startedAt, instant(report.started_at)),
    completedAt: ends ? instant(report.completed_at) : known.completedAt,
  };
}

const RANK: Record<ReportStatus, number> = { starting: 1, processing: 2, succeeded: 3, failed: 3, canceled: 3 };

const later = (known: ReportStatus | null, next: ReportStatus): ReportStatus =>
  known !== null && RANK[known] >= RANK[next] ? known : next;

const longer = (known: string, next: string): string => (next.length > known.length ? next : known);

/** Lists and texts grow. Anything else comes whole: then the end's word counts, or else the larger of two. */
function longerOutput(known: unknown, next: unknown, said: { known: boolean; next: boolean }): unknown {
  if (next === null) return known;
  if (known === null) return next;
  const [knownSize, nextSize] = [sizeOf(known), sizeOf(next)];
  const growing =
    typeof known === typeof next && (typeof known === 'string' || (Array.isArray(known) && Array.isArray(next)));
  if (growing) return nextSize > knownSize || (said.next && nextSize === knownSize) ? next : known;
  if (said.known || said.next) return said.next ? next : known;
  return nextSize > knownSize ? next : known;
}

function sizeOf(output: unknown): number {
  if (Array.isArray(output) || typeof output === 'string') return output.length;
  return JSON.stringify(output).length;
}

function instant(told: string | number | null | undefined): Millis | null {
  const at = typeof told === 'number' ? told * 1_000 : Date.parse(told ?? '');
  return Number.isNaN(at) ? null : at;
}

function earliest(known: Millis | null, next: Millis | null): Millis | null {
  if (known === null || next === null) return known ?? next;
  return Math.min(known, next);
}
