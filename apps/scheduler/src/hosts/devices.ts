import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Device } from '@hearth/core';
import type { Logger } from '@hearth/kit';
import { codeOf } from '../errors.ts';

const NVIDIA_SMI_TIMEOUT_MS = 10_000;
/** Asks `nvidia-smi` for lines that {@link parseDevices} reads. */
export const DEVICE_QUERY = ['--query-gpu=uuid,name,memory.total', '--format=csv,noheader,nounits'];

/** The NVIDIA GPUs of this machine; none where their tool is missing. */
export async function localDevices(log: Logger): Promise<Device[]> {
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', DEVICE_QUERY, { timeout: NVIDIA_SMI_TIMEOUT_MS });
    return parseDevices(stdout);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') log.warn({ err: error }, 'nvidia-smi failed: no GPU is offered');
    return [];
  }
}

/** Lines of `GPU-<uuid>, <name>, <MiB>`. */
export function parseDevices(csv: string): Device[] {
  return csv.split('\n').flatMap((line) => {
    const [id, name, vramMiB] = line.split(',').map((field) => field.trim());
    return id && name && Number(vramMiB) > 0 ? [{ id, name, vramMiB: Number(vramMiB) }] : [];
  });
}
