import type { Instance, MeasuredVram } from '@hearth/core';

/** What `nvidia-smi` is asked, and what its answers mean. */
export const USED_QUERY = ['--query-gpu=uuid,memory.used,memory.total', '--format=csv,noheader,nounits'];
export const PROCESS_QUERY = ['--query-compute-apps=gpu_uuid,pid,used_memory', '--format=csv,noheader,nounits'];

/** What a GPU uses, by whomever. */
export interface UsedVram {
  readonly deviceId: string;
  readonly usedMiB: number;
  readonly ofMiB: number;
}

/** What one process holds of one GPU. */
export interface ProcessVram {
  readonly deviceId: string;
  readonly pid: number;
  readonly usedMiB: number;
}

/** Lines of `GPU-<uuid>, <used MiB>, <total MiB>`; `[N/A]` where a driver does not say. */
export const parseUsed = (csv: string): UsedVram[] =>
  fieldsOf(csv).flatMap(([deviceId = '', used = '', total = '']) =>
    isCount(used) && Number(total) > 0 ? [{ deviceId, usedMiB: Number(used), ofMiB: Number(total) }] : [],
  );

/** Lines of `GPU-<uuid>, <pid>, <used MiB>`. */
export const parseProcesses = (csv: string): ProcessVram[] =>
  fieldsOf(csv).flatMap(([deviceId = '', pid = '', used = '']) =>
    isCount(pid) && isCount(used) ? [{ deviceId, pid: Number(pid), usedMiB: Number(used) }] : [],
  );

const fieldsOf = (csv: string): string[][] =>
  csv
    .split('\n')
    .filter((line) => line.startsWith('GPU-'))
    .map((line) => line.split(',').map((field) => field.trim()));

const isCount = (text: string): boolean => /^\d+$/.test(text);

/** Which instance a process belongs to, by the address it uploads to; children have it from their server. */
export const instanceOf = (environ: string): string | null =>
  /(?:^|\0)HEARTH_UPLOAD_URL=[^\0]*\/uploads\/([^/\0]+)\//.exec(environ)?.[1] ?? null;

/**
 * The most that any instance of each holds of one GPU. What no process tells of is the only holder's where there is but
 * one: inside containers of other users processes are not to be looked into.
 */
export function heldByInstance(
  used: readonly UsedVram[],
  processes: readonly (ProcessVram & { readonly instanceId: string | null })[],
  instances: readonly Pick<Instance, 'id' | 'deviceIds'>[],
): ReadonlyMap<string, MeasuredVram> {
  const held = new Map<string, MeasuredVram>();
  for (const { deviceId, usedMiB, ofMiB } of used) {
    const here = instances.filter(({ deviceIds }) => deviceIds.includes(deviceId));
    for (const { id } of here) {
      const own = processes.filter((one) => one.deviceId === deviceId && one.instanceId === id);
      const told = own.reduce((sum, one) => sum + one.usedMiB, 0);
      const inAllMiB = Math.min(ofMiB, told === 0 && here.length === 1 ? usedMiB : told);
      if (inAllMiB > (held.get(id)?.usedMiB ?? 0)) held.set(id, { usedMiB: inAllMiB, ofMiB });
    }
  }
  return held;
}
