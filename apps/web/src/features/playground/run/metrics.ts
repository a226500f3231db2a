import type { WirePrediction } from '@hearth/contract';
import { formatDuration, formatMoney } from '../../../ui/format.ts';

/** Seconds of one of its metrics in milliseconds; null where it has none. */
function spanMs({ metrics }: Pick<WirePrediction, 'metrics'>, name: string): number | null {
  const value = metrics?.[name];
  return typeof value === 'number' ? value * 1_000 : null;
}

export const runMs = (prediction: Pick<WirePrediction, 'metrics'>): number | null => spanMs(prediction, 'predict_time');
export const totalMs = (prediction: Pick<WirePrediction, 'metrics'>): number | null => spanMs(prediction, 'total_time');

/** Millionths of the operator's currency; null of one that did not run. */
export function costMicros({ metrics }: Pick<WirePrediction, 'metrics'>): number | null {
  const cost = metrics?.cost;
  return typeof cost === 'number' ? cost * 1_000_000 : null;
}

/** `ran 1.2 s · 9.4 s in all · cost 0.00012` */
export function metricsWords(prediction: Pick<WirePrediction, 'metrics'>): string {
  const ran = runMs(prediction);
  const total = totalMs(prediction);
  const cost = costMicros(prediction);
  return [
    ran !== null && `ran ${formatDuration(ran)}`,
    total !== null && `${formatDuration(total)} in all`,
    cost !== null && `cost ${formatMoney(cost)}`,
  ]
    .filter((words) => words !== false)
    .join(' · ');
}
