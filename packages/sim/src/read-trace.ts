import { type CsvRow, csvRows } from './csv.ts';
import type { Arrival } from './trace.ts';

/** Which columns of a CSV hold what. */
export interface TraceColumns {
  /** When a prediction arrived: ISO 8601 (without a zone: UTC), or a number of seconds. */
  readonly time: string;
  /** Whose instances run it. */
  readonly model: string;
  /** How long it ran. */
  readonly seconds: string;
}

export const TRACE_COLUMNS: TraceColumns = { time: 'time', model: 'model', seconds: 'seconds' };

export interface TraceReading {
  readonly columns: TraceColumns;
  /** How long a run takes where there is no column of seconds. */
  readonly runMs: number;
  /** Passes over lines without a time or a model. */
  readonly skipIncomplete: boolean;
}

/**
 * Arrivals in order of time, the first at 0.
 *
 * @throws RangeError naming the line and the column that are wrong
 */
export function readTrace(
  lines: Iterable<string>,
  { columns, runMs, skipIncomplete }: TraceReading,
): readonly Arrival[] {
  const arrivals: Arrival[] = [];
  let first = Infinity;
  for (const row of csvRows(lines, [columns.time, columns.model])) {
    if (skipIncomplete && [columns.time, columns.model].some((column) => row.optional(column) === null)) continue;
    const at = instant(row, columns.time);
    const ran = row.has(columns.seconds) ? Math.round(row.number(columns.seconds) * 1_000) : runMs;
    arrivals.push({ at, deploymentId: row.text(columns.model), runMs: Math.max(1, ran) });
    first = Math.min(first, at);
  }
  if (arrivals.length === 0) throw new RangeError('it has no prediction after the heading');
  return fromZero(arrivals, first);
}

/** The same arrivals in order of time, from their first on. */
export const fromZero = (arrivals: readonly Arrival[], first: number): readonly Arrival[] =>
  arrivals.map((arrival) => ({ ...arrival, at: arrival.at - first })).toSorted((a, b) => a.at - b.at);

function instant(row: CsvRow, column: string): number {
  const text = row.text(column).trim();
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.round(seconds * 1_000);
  const iso = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s?(Z|[+-]\d\d:?\d\d)?)?$/i.exec(text);
  const [, day, time = '00:00', zone = 'Z'] = iso ?? [];
  const at = day === undefined ? Number.NaN : Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  if (Number.isNaN(at)) throw row.wrong(column, 'a time such as 2026-01-31T12:00:00Z, or a number of seconds');
  return at;
}
