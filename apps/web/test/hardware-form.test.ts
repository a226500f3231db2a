import type { WireHardware } from '@hearth/contract';
import { hardwareBodySchema } from '@hearth/contract';
import { describe, expect, it } from 'vitest';
import { hardwareOfText, NEW_HARDWARE, textOfHardware } from '../src/features/settings/hardware-form.ts';

const CPU: WireHardware = {
  sku: 'cpu',
  name: 'CPU',
  gpus: 0,
  gpu_share_mib: 0,
  gpu_type: null,
  vram_mib: 0,
  cpus: 0,
  memory_mib: 2_048,
  labels: {},
  fallback: [],
  price_micros_per_second: 100,
};

describe('hardware that is opened and saved', () => {
  it.each<[string, Partial<WireHardware>]>([
    ['without a GPU', {}],
    ['with whole GPUs', { gpus: 2, gpu_type: 'A100 80GB', vram_mib: 81_920, cpus: 16.5, fallback: ['l40s', 'a40'] }],
    ['with a share of one', { gpu_share_mib: 8_192, gpu_type: 'L4', vram_mib: 24_576 }],
    ['with labels', { labels: { zone: 'eu', tier: 'a=b' } }],
    ['at an exact price', { price_micros_per_second: 225 }],
    ['for nothing', { price_micros_per_second: 0 }],
  ])('%s is as it was', (_what, change) => {
    const row = { ...CPU, ...change };
    const body = hardwareOfText(textOfHardware(row));
    expect(body).toEqual(row);
    expect(hardwareBodySchema.parse(body)).toEqual(row);
  });

  it('loses what its kind has not', () => {
    const text = textOfHardware({ ...CPU, gpus: 1, gpu_type: 'L4', vram_mib: 24_576 });
    expect(hardwareOfText({ ...text, kind: 'none' })).toEqual(CPU);
  });

  it('is refused by the API where fields are empty, not before', () => {
    expect(hardwareBodySchema.safeParse(hardwareOfText(NEW_HARDWARE)).success).toBe(false);
  });
});
