import {
  type Hardware,
  type HardwareChoice,
  type MeasuredVram,
  type Need,
  type RuntimeKind,
  shareNeeded,
  type TypicalShape,
  typicalShapes,
} from '@hearth/core';
import type { Observation } from '@hearth/store';

/** What of a version decides what its instances need. */
export interface Runnable {
  readonly runtime: RuntimeKind;
  /** Its image, pinned; null for a process. */
  readonly image: string | null;
  readonly measuredVram: MeasuredVram | null;
}

/** What one instance needs on a SKU: what it declares, corrected by what was measured. */
export const needOn = (hardware: Hardware, { runtime, image, measuredVram }: Runnable): Need => ({
  runtime,
  image,
  memoryMiB: hardware.memoryMiB,
  cpus: hardware.cpus,
  gpus: hardware.gpus,
  gpuShareMiB: hardware.gpuShareMiB === 0 ? 0 : shareNeeded(hardware.gpuShareMiB, measuredVram),
  vramMiB: hardware.vramMiB,
  gpuType: hardware.gpuType,
  labels: hardware.labels,
});

/** What nobody defined fits nowhere: not even what takes over from a warm release, which nobody has to ask for. */
export const needOnNothing = ({ runtime, image }: Runnable): Need => ({
  runtime,
  image,
  memoryMiB: Number.POSITIVE_INFINITY,
  cpus: 0,
  gpus: 0,
  gpuShareMiB: 0,
  vramMiB: 0,
  gpuType: null,
  labels: {},
});

/** The SKUs to take where `hardware` has no room, in its order; those that nobody defines are passed over. */
export const fallbackOf = (
  hardware: Hardware,
  bySku: ReadonlyMap<string, Hardware>,
  runnable: Runnable,
): readonly HardwareChoice[] =>
  hardware.fallback.flatMap((sku) => {
    const other = bySku.get(sku);
    return other === undefined || sku === hardware.sku ? [] : { sku, need: needOn(other, runnable) };
  });

/** An instance on a SKU tells more than the SKU's mere being there, but what nobody runs now may be asked for next. */
const UNUSED_SKU = 0.25;

/** What this fleet is typically asked for: its SKUs, by how many instances run on each. `before` where nothing changed. */
export function shapesOf(
  { hardware, instances }: Pick<Observation, 'hardware' | 'instances'>,
  before: readonly TypicalShape[],
): readonly TypicalShape[] {
  const counts = new Map<string, number>();
  for (const { hardwareSku } of instances) counts.set(hardwareSku, (counts.get(hardwareSku) ?? 0) + 1);
  const asked = hardware.map((need) => ({ need, count: counts.get(need.sku) ?? UNUSED_SKU }));
  return typicalShapes(asked, before);
}
