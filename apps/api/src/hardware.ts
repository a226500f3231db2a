import type { Store } from '@hearth/store';
import { invalidField } from './problem.ts';

/** Refuses a SKU that the operator has not defined, naming those that there are. */
export async function checkHardware(store: Store, sku: string): Promise<void> {
  const known = (await store.hosts.hardware()).map((one) => one.sku);
  if (known.includes(sku)) return;
  throw invalidField('hardware', 'enum', `${JSON.stringify(sku)} is not a SKU; choose one of ${known.join(', ')}`);
}
