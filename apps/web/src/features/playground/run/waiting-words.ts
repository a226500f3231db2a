import type { BootProgress } from '@hearth/contract';
import { formatBytes, formatDuration } from '../../../ui/format.ts';

export const BOOT_STEPS = ['place', 'pull', 'create', 'start', 'setup'] as const;

export const etaWords = (seconds: number | null): string => {
  if (seconds === null) return 'No estimate before the first boot';
  return seconds === 0 ? 'Any moment' : `Starts in about ${formatDuration(seconds * 1_000)}`;
};

/** 0 to 1; null where nobody knows. By bytes where there are any, else by what the phase usually takes. */
export function shareOf({ percent, elapsed_seconds, usual_seconds }: BootProgress): number | null {
  if (percent !== null) return percent / 100;
  if (usual_seconds === null || usual_seconds === 0) return null;
  // It is not over before it is over.
  return Math.min(0.95, elapsed_seconds / usual_seconds);
}

export function pullWords({ bytes, total_bytes, usual_seconds }: BootProgress): string {
  if (bytes !== null)
    return total_bytes === null ? formatBytes(bytes) : `${formatBytes(bytes)} of ${formatBytes(total_bytes)}`;
  return usual_seconds === null ? '' : `usually ${formatDuration(usual_seconds * 1_000)}`;
}
