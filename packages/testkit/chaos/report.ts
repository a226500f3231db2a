import type { Violation } from './checks.ts';

/** A fault that was done, by the clock of the run. */
export interface DoneFault {
  readonly kind: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Result {
  readonly seed: number;
  readonly minutes: number;
  readonly engine: boolean;
  /** Acknowledged. */
  readonly predictions: number;
  readonly faults: readonly DoneFault[];
  readonly skipped: ReadonlyMap<string, string>;
  readonly violations: readonly Violation[];
  /** How they ended, and why those that failed did, each with how many. */
  readonly ends: Readonly<Record<string, number>>;
  readonly deliveries: number;
  readonly unanswered: number;
}

/** What a fault does may show a while after it is mended. */
const AFTERMATH_MS = 15_000;

const near = ({ fromMs, toMs }: Violation, fault: DoneFault): boolean =>
  fault.fromMs <= toMs && fault.toMs + AFTERMATH_MS >= fromMs;

interface Row {
  readonly count: number;
  /** Violations with such a fault around them; one may count for several. */
  readonly violations: number;
}

function byFault({ faults, violations }: Result): Record<string, Row> {
  const rows: [string, Row][] = [];
  for (const [kind, done] of Map.groupBy(faults, ({ kind }) => kind)) {
    const around = violations.filter((violation) => done.some((fault) => near(violation, fault)));
    rows.push([kind, { count: done.length, violations: around.length }]);
  }
  return Object.fromEntries(rows.toSorted(([one], [other]) => one.localeCompare(other)));
}

export function table(result: Result): string {
  const rows = Object.entries(byFault(result));
  const width = Math.max(
    ...rows.map(([kind]) => kind.length),
    ...[...result.skipped.keys()].map(({ length }) => length),
  );
  const line = (kind: string, count: string, violations: string): string =>
    `${kind.padEnd(width)} ${count.padStart(6)} ${violations.padStart(11)}`;
  return [
    line('fault', 'count', 'violations'),
    ...rows.map(([kind, { count, violations }]) => line(kind, String(count), String(violations))),
    ...[...result.skipped].map(([kind, why]) => `${kind.padEnd(width)} skipped: ${why}`),
    line('all', String(result.faults.length), String(result.violations.length)),
    '',
    ...Object.entries(result.ends).map(([end, count]) => `${String(count).padStart(7)} ${end}`),
    `${String(result.deliveries).padStart(7)} webhooks came, ${result.unanswered} requests were never answered`,
    ...result.violations.map(
      ({ promise, what, id, fromMs, toMs }) =>
        `violated: ${promise}: ${id ?? 'the run'} ${what} (${fromMs}–${toMs} ms)`,
    ),
  ].join('\n');
}

/** The last line of a run with `--json`. */
export const json = (result: Result): string =>
  JSON.stringify({
    seed: result.seed,
    minutes: result.minutes,
    docker: result.engine,
    predictions: result.predictions,
    faults: result.faults.length,
    violations: result.violations.length,
    byFault: byFault(result),
    skipped: Object.fromEntries(result.skipped),
    ends: result.ends,
    deliveries: result.deliveries,
    unanswered: result.unanswered,
  });
