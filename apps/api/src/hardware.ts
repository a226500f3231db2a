import type { Hardware } from '@hearth/core';
import type { Store } from '@hearth/store';
import { invalidField } from './problem.ts';

/** Refuses a SKU that the operator has not defined, naming those that there are. */
export async function checkHardware(store: Store, sku: string): Promise<void> {
  const known = (await store.hosts.hardware()).map((one) => one.sku);
  if (known.includes(sku)) return;
  throw invalidField('hardware', 'enum', `${JSON.stringify(sku)} is not a SKU; choose one of ${known.join(', ')}`);
}

/** Refuses a share beside whole GPUs, and fallbacks that are not there: a misspelt one would silently never be taken. */
export async function checkNewHardware(store: Store, hardware: Hardware): Promise<void> {
  const { sku, gpus, gpuShareMiB, fallback } = hardware;
  if (gpuShareMiB > 0 && gpus > 0) {
    const asked = `${gpuShareMiB} beside ${gpus} whole GPUs; an instance holds whole GPUs or a share of one: gpus must be 0`;
    throw invalidField('gpu_share_mib', 'custom', asked);
  }
  const others = (await store.hosts.hardware()).map((one) => one.sku).filter((one) => one !== sku);
  const unknown = fallback.find((one) => !others.includes(one));
  if (unknown === undefined) return;
  const choose = others.length === 0 ? 'there is no other' : `choose among ${others.join(', ')}`;
  throw invalidField('fallback', 'enum', `${JSON.stringify(unknown)} is not another SKU; ${choose}`);
}
