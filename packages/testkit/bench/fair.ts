import { startHouse } from '../src/house.ts';
import { openNeighbours, type Waits } from './neighbours.ts';
import type { BenchOptions } from './overhead.ts';
import { median, ms, table } from './stats.ts';

const QUEUED = 10_000;
const RUN_MS = 50;
const SINGLES = 20;

interface Round {
  readonly alone: Waits;
  readonly noisy: Waits;
  /** Of queueing ten thousand, each. */
  readonly queuedPerSecond: number;
}

/**
 * The noisy neighbour: one account sends a prediction a second to a deployment that takes one at a time, by itself, and then
 * behind another account's ten thousand. Its wait may be at most twice as long, and one run that was going on.
 */
export async function fair({ rounds, transport, say }: Pick<BenchOptions, 'rounds' | 'transport' | 'say'>) {
  const seen: Round[] = [];
  for (let round = 0; round < rounds; round++) seen.push(await playOnce(transport));
  const rows = [['round', 'alone p50', 'p95', 'behind 10,000 p50', 'p95', 'max', 'bound', 'queued per second']];
  for (const [n, { alone, noisy, queuedPerSecond }] of seen.entries()) {
    const cells = [alone.p50Ms, alone.p95Ms, noisy.p50Ms, noisy.p95Ms, noisy.maxMs, boundMs(alone)].map(ms);
    rows.push([String(n + 1), ...cells, queuedPerSecond.toFixed(0)]);
  }
  say(table(rows));
  return {
    queued: QUEUED,
    runMs: RUN_MS,
    aloneP95Ms: median(seen.map(({ alone }) => alone.p95Ms)),
    noisyP95Ms: median(seen.map(({ noisy }) => noisy.p95Ms)),
    boundMs: median(seen.map(({ alone }) => boundMs(alone))),
    withinBound: seen.every(({ alone, noisy }) => noisy.p95Ms <= boundMs(alone)),
    queuedPerSecond: median(seen.map(({ queuedPerSecond }) => queuedPerSecond)),
  };
}

const boundMs = (alone: Waits): number => 2 * alone.p95Ms + RUN_MS;

async function playOnce(transport: 'redis' | 'postgres'): Promise<Round> {
  const house = await startHouse({ runtime: 'process', transport, env: { LOG_LEVEL: 'warn' } });
  const neighbours = await openNeighbours(house, RUN_MS);
  try {
    const alone = await neighbours.single(SINGLES);
    const { elapsedMs } = await neighbours.queue(QUEUED);
    const noisy = await neighbours.single(SINGLES);
    const left = await neighbours.stillWaiting();
    if (left === 0) throw new Error('the line was over before the measurement was');
    return { alone, noisy, queuedPerSecond: (QUEUED / elapsedMs) * 1_000 };
  } finally {
    await neighbours.close();
    await house.dispose();
  }
}
