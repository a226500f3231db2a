import type { Holder } from './free.ts';
import type { Millis } from './time.ts';

/** The most GPU memory that an instance of a version was seen to hold, and the memory of the GPU that it held it on. */
export interface MeasuredVram {
  readonly usedMiB: number;
  readonly ofMiB: number;
}

/** A tenth above the most that was seen: allocators round up, and what was seen was seen between two looks. */
const MARGIN = 10;

/**
 * The share of a GPU that an instance gets: what its hardware declares, or where more was measured, that and a tenth. At
 * most the whole GPU that it was measured on: a server that takes all it finds would otherwise fit nowhere again.
 */
export function shareNeeded(declaredMiB: number, measured: MeasuredVram | null): number {
  if (measured === null) return declaredMiB;
  return Math.max(declaredMiB, Math.min(measured.usedMiB + Math.ceil(measured.usedMiB / MARGIN), measured.ofMiB));
}

/** What a GPU itself says of its memory. */
export interface VramReport {
  readonly at: Millis;
  readonly usedMiB: number;
}

/** An instance that has stopped. */
export interface Stopped extends Holder {
  readonly stoppedAt: Millis;
}

/** How long a GPU that still says it is full is believed. Beyond that something else holds it, which no waiting mends. */
const BELIEVED_MS = 60_000;
/** What a driver holds on a GPU that nobody uses, and what instances hold beyond their share: not a sign of the dead. */
const SLACK_MIB = 1_024;

/** A stopped instance whose GPUs are not free yet, and until when at most that is believed. */
export interface Lingering extends Holder {
  readonly until: Millis;
}

/**
 * Of the stopped, those whose GPU memory is not free yet: a driver takes its time, and what boots into it fails. A GPU
 * gives the memory back once it says so, in a look after the stop: when it uses no more than those who still hold it
 * may. Of a GPU that never reports, the record alone is trusted. Host memory is free at once.
 */
export function lingering(
  stopped: readonly Stopped[],
  holding: readonly Holder[],
  reports: ReadonlyMap<string, VramReport>,
  now: Millis,
): readonly Lingering[] {
  return stopped.flatMap((gone) => {
    const until = gone.stoppedAt + BELIEVED_MS;
    if (until <= now) return [];
    const deviceIds = gone.deviceIds.filter((id) => {
      const report = reports.get(id);
      if (report === undefined) return false;
      if (report.at < gone.stoppedAt) return true;
      const holders = holding.filter((holder) => holder.hostId === gone.hostId && holder.deviceIds.includes(id));
      // Whoever holds the GPU whole may use all of it.
      const mayUseMiB = holders.reduce((sum, { gpuShareMiB }) => sum + (gpuShareMiB > 0 ? gpuShareMiB : Infinity), 0);
      return report.usedMiB > mayUseMiB + SLACK_MIB;
    });
    return deviceIds.length === 0 ? [] : [{ ...gone, deviceIds, memoryMiB: 0, cpus: 0, until }];
  });
}
