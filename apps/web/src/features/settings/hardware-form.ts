import type { HardwareBody, WireHardware } from '@hearth/contract';

/** A SKU as a person edits it: text, until it is sent. */
export interface HardwareText {
  readonly sku: string;
  readonly name: string;
  /** Whole GPUs, memory of one that is shared, or no GPU. */
  readonly kind: 'none' | 'whole' | 'share';
  readonly gpus: string;
  readonly gpuShareMiB: string;
  readonly gpuType: string;
  readonly vramMiB: string;
  readonly cpus: string;
  readonly memoryMiB: string;
  /** `name=value`, separated by commas. */
  readonly labels: string;
  /** SKUs, separated by commas. */
  readonly fallback: string;
  /** In the operator's currency. */
  readonly pricePerSecond: string;
}

export const NEW_HARDWARE: HardwareText = {
  sku: '',
  name: '',
  kind: 'whole',
  gpus: '1',
  gpuShareMiB: '',
  gpuType: '',
  vramMiB: '',
  cpus: '',
  memoryMiB: '',
  labels: '',
  fallback: '',
  pricePerSecond: '0',
};

const MICROS = 1_000_000;
const text = (amount: number): string => (amount === 0 ? '' : String(amount));

export const textOfHardware = (row: WireHardware): HardwareText => ({
  sku: row.sku,
  name: row.name,
  kind: kindOf(row),
  gpus: text(row.gpus),
  gpuShareMiB: text(row.gpu_share_mib),
  gpuType: row.gpu_type ?? '',
  vramMiB: text(row.vram_mib),
  cpus: text(row.cpus),
  memoryMiB: text(row.memory_mib),
  labels: Object.entries(row.labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(', '),
  fallback: row.fallback.join(', '),
  pricePerSecond: String(row.price_micros_per_second / MICROS),
});

function kindOf(row: WireHardware): HardwareText['kind'] {
  if (row.gpu_share_mib > 0) return 'share';
  return row.gpus > 0 ? 'whole' : 'none';
}

/** What is sent. What it may be is for the API to say. */
export const hardwareOfText = (form: HardwareText): HardwareBody => ({
  sku: form.sku,
  name: form.name,
  gpus: form.kind === 'whole' ? Number(form.gpus) : 0,
  gpu_share_mib: form.kind === 'share' ? Number(form.gpuShareMiB) : 0,
  gpu_type: form.kind === 'none' || form.gpuType === '' ? null : form.gpuType,
  vram_mib: form.kind === 'none' ? 0 : Number(form.vramMiB),
  cpus: Number(form.cpus),
  memory_mib: Number(form.memoryMiB),
  labels: Object.fromEntries(listed(form.labels).map(labelOf)),
  fallback: listed(form.fallback),
  price_micros_per_second: Math.round(Number(form.pricePerSecond) * MICROS),
});

const listed = (line: string): string[] =>
  line
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');

function labelOf(pair: string): [name: string, value: string] {
  const [name = '', ...value] = pair.split('=');
  return [name.trim(), value.join('=').trim()];
}
