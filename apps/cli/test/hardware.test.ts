import { describe, expect, test } from 'vitest';
import { bodyOf } from '../src/commands/hardware.ts';

const STANDING = {
  sku: 'a100',
  name: 'A100',
  gpus: 1,
  gpu_share_mib: 0,
  gpu_type: 'A100 80GB',
  vram_mib: 0,
  cpus: 8,
  memory_mib: 65_536,
  labels: { zone: 'a' },
  fallback: ['gpu-t4'],
  price_micros_per_second: 1_400,
};

describe('what `hardware set` sends', () => {
  test('a new SKU needs its memory and its price', () => {
    expect(() => bodyOf('cpu-big', undefined, { memory: '16GiB' })).toThrow('say --memory and --price');
    expect(bodyOf('cpu-big', undefined, { memory: '16GiB', price: '0.0004' })).toEqual({
      sku: 'cpu-big',
      name: 'cpu-big',
      gpus: 0,
      memory_mib: 16_384,
      price_micros_per_second: 400,
    });
  });
  test('of one that there is, only what is named changes', () => {
    expect(bodyOf('a100', STANDING, { price: '0.0015' })).toEqual({ ...STANDING, price_micros_per_second: 1_500 });
    expect(bodyOf('a100', STANDING, { type: 'any', label: false, fallback: ['l4', 'gpu-t4'] })).toEqual({
      ...STANDING,
      gpu_type: null,
      labels: {},
      fallback: ['l4', 'gpu-t4'],
    });
  });
  test('whole GPUs and a share exclude each other', () => {
    expect(bodyOf('a100', STANDING, { share: '10GiB' })).toMatchObject({ gpus: 0, gpu_share_mib: 10_240 });
    const share = { ...STANDING, gpus: 0, gpu_share_mib: 10_240 };
    expect(bodyOf('a100', share, { gpus: '2' })).toMatchObject({ gpus: 2, gpu_share_mib: 0 });
  });
  test('a price may come later; a time without a price says nothing', () => {
    expect(bodyOf('a100', STANDING, { price: '0.0015', from: '2030-01-01' })).toEqual({
      ...STANDING,
      price_micros_per_second: 1_500,
      price_from: '2030-01-01T00:00:00Z',
    });
    expect(() => bodyOf('a100', STANDING, { from: '2030-01-01' })).toThrow('say --price too');
  });
  test.each(['', 'free', '-1'])('a price of "%s" is refused', (price) =>
    expect(() => bodyOf('a100', STANDING, { price })).toThrow(/--price is/),
  );
});
