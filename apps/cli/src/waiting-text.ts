import type { BootProgress, WirePrediction } from '@hearth/contract';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `912 B`, `1.2 GB`: as registries and drives count, by thousands. */
function sizeText(bytes: number): string {
  const step = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${(bytes / 1_000 ** step).toFixed(step === 0 ? 0 : 1)} ${UNITS[step]}`;
}

/** `40 s`, `3 min`, `2 h`: how long something will take. */
function spanText(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

/** How far a boot phase is: `45 % of 2.7 GB`, `1.2 GB`, `12 s of about 30 s`, `12 s`. */
export function progressText({ bytes, total_bytes: total, percent, ...spent }: BootProgress): string {
  if (percent !== null && total !== null) return `${percent} % of ${sizeText(total)}`;
  if (bytes !== null) return sizeText(bytes);
  const usual = spent.usual_seconds === null ? '' : ` of about ${spanText(spent.usual_seconds)}`;
  return `${spanText(spent.elapsed_seconds)}${usual}`;
}

/** All that is known of when a waiting prediction starts, in one line; empty where that is nothing. */
export function soFarText({ progress, position, eta_seconds: eta }: NonNullable<WirePrediction['waiting']>): string {
  const parts = [
    ...(progress === null ? [] : [progressText(progress)]),
    ...(position === 0 ? [] : [`${position} ahead`]),
    ...(eta === null ? [] : [`starts in about ${spanText(eta)}`]),
  ];
  return parts.join(', ');
}
