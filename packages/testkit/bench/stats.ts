/** The q-quantile (0…1) of values in any order, by nearest rank. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))];
  if (value === undefined) throw new Error('no values to take a quantile of');
  return value;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}
export const spread = (values: readonly number[]): Spread => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
});

export const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
export const times = ({ median, min, max }: Spread): string =>
  `${median.toFixed(2)}× (${min.toFixed(2)}–${max.toFixed(2)})`;

/** Rows of cells as aligned columns, the first row a heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    )
    .join('\n');
}

/** Calls `once` `total` times from `clients` closed loops; each latency in milliseconds, and calls per second. */
export async function closedLoop(
  clients: number,
  total: number,
  once: () => Promise<void>,
): Promise<{ latencies: number[]; perSecond: number }> {
  const latencies: number[] = [];
  let started = 0;
  const from = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (started < total) {
        started++;
        const at = performance.now();
        await once();
        latencies.push(performance.now() - at);
      }
    }),
  );
  return { latencies, perSecond: (latencies.length / (performance.now() - from)) * 1000 };
}
