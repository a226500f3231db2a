import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What is on the heap once everything that nobody holds is gone, in MiB. */
export function heldMiB(): number {
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

setFlagsFromString('--expose-gc');
/** As `node --expose-gc` has it, without asking whoever types the command for the flag. */
const collect: () => void = runInNewContext('gc');

export interface MemoryAt {
  readonly hours: number;
  readonly heapMiB: number;
}

/** How much of their mean the samples grow by in an hour, by least squares; null of fewer than three. */
export function growthPerHour(samples: readonly MemoryAt[]): number | null {
  if (samples.length < 3) return null;
  const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
  const [hours, heap] = [mean(samples.map((s) => s.hours)), mean(samples.map((s) => s.heapMiB))];
  const covariance = mean(samples.map((s) => (s.hours - hours) * (s.heapMiB - heap)));
  const variance = mean(samples.map((s) => (s.hours - hours) ** 2));
  return covariance / variance / heap;
}
