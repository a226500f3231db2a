import type { WireModel } from '@hearth/contract';
import { formatDuration, formatMoney } from '../../ui/format.ts';

/** `4.2 s, 0.0012 a run`, by what its last runs took; null before the first. */
export function measuredWords({ measured }: Pick<WireModel, 'measured'>): string | null {
  if (measured === null) return null;
  const took = formatDuration(measured.run_seconds * 1_000);
  return `about ${took} and ${formatMoney(measured.cost * 1_000_000)} a run`;
}
