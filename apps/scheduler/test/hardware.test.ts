import { createLogger } from '@hearth/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GpuMemory } from '../src/gpu-memory.ts';
import { heldByInstance, instanceOf, parseProcesses, parseUsed } from '../src/nvidia-smi.ts';
import { openHouse, type TestHouse } from './house.ts';

describe('what nvidia-smi prints', () => {
  it('of the memory in use, and not where a driver does not say', () => {
    const csv = `GPU-6d2b7a7e-8f0b-4b6f-9d1b-0a4a8f1c2e01, 17342, 24564
GPU-9c1e2f30-11a2-4c7e-8a55-3f2d9b7c6e02, [N/A], 24564
GPU-1f5c0d9a-7b3e-4d2a-b6c8-5e4f3a2b1c03, 1, 81559
`;
    expect(parseUsed(csv)).toEqual([
      { deviceId: 'GPU-6d2b7a7e-8f0b-4b6f-9d1b-0a4a8f1c2e01', usedMiB: 17_342, ofMiB: 24_564 },
      { deviceId: 'GPU-1f5c0d9a-7b3e-4d2a-b6c8-5e4f3a2b1c03', usedMiB: 1, ofMiB: 81_559 },
    ]);
  });

  it('of processes, and nothing of a complaint', () => {
    const csv = `GPU-6d2b7a7e-8f0b-4b6f-9d1b-0a4a8f1c2e01, 41233, 8310
GPU-6d2b7a7e-8f0b-4b6f-9d1b-0a4a8f1c2e01, 41560, [Insufficient Permissions]
`;
    const deviceId = 'GPU-6d2b7a7e-8f0b-4b6f-9d1b-0a4a8f1c2e01';
    expect(parseProcesses(csv)).toEqual([{ deviceId, pid: 41_233, usedMiB: 8_310 }]);
    expect(parseProcesses('No running processes found\n')).toEqual([]);
    expect(parseUsed("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n")).toEqual([]);
  });

  it('is an instance’s where its process has the instance’s address to upload to', () => {
    const environ = 'PATH=/bin\0HEARTH_UPLOAD_URL=http://172.17.0.1:7601/uploads/01k9/secret/\0HOME=/\0';
    expect(instanceOf(environ)).toBe('01k9');
    expect(instanceOf('PATH=/bin\0X_HEARTH_UPLOAD_URL=http://h/uploads/01k9/secret/\0')).toBeNull();
  });
});

describe('how much an instance holds', () => {
  const used = [{ deviceId: 'g1', usedMiB: 9_000, ofMiB: 24_000 }];
  const holder = (id: string) => ({ id, deviceIds: ['g1'] });
  const process = (pid: number, usedMiB: number, instanceId: string | null) => ({
    deviceId: 'g1',
    pid,
    usedMiB,
    instanceId,
  });
  it.each([
    ['what its processes hold together', [process(1, 3_000, 'a'), process(2, 1_000, 'a')], ['a', 'b'], { a: 4_000 }],
    [
      'all that is in use, where it is alone and its processes are not to be told',
      [process(1, 8_000, null)],
      ['a'],
      { a: 9_000 },
    ],
    ['unknown, where two share and neither is to be told', [process(1, 8_000, null)], ['a', 'b'], {}],
  ])('is %s', (_, processes, ids, want) => {
    const held = heldByInstance(used, processes, ids.map(holder));
    expect(Object.fromEntries([...held].map(([id, { usedMiB }]) => [id, usedMiB]))).toEqual(want);
  });
});

let house: TestHouse;
beforeEach(async () => {
  house = await openHouse();
  house.devices = [{ id: 'g1', name: 'NVIDIA L4', vramMiB: 24_000 }];
});
afterEach(() => house.close());

const share = { gpuShareMiB: 10_000 } as const;

describe('a share of a GPU', () => {
  it('sits beside another on the same GPU, as long as there is memory', async () => {
    await house.defineHardware('share', 256, share);
    house.runtime.define('/ocr', { setupMs: 10, setup: 'ok' });
    const ocr = await house.deploy('ocr', { hardwareSku: 'share', minInstances: 3 });
    const scheduler = await house.start();
    await house.until('two ready instances and no room for a third', async () => {
      const ready = (await house.instances(ocr)).filter((row) => row.state === 'ready');
      const status = await house.store.deployments.status(ocr.id);
      return ready.length === 2 && status?.blockedReason === 'no-capacity';
    });
    await scheduler.idle();
    const rows = await house.instances(ocr);
    expect(rows.map(({ deviceIds, gpuShareMiB }) => [...deviceIds, gpuShareMiB])).toEqual([
      ['g1', 10_000],
      ['g1', 10_000],
    ]);
  });

  it('is as large as was measured, where that is more than declared', async () => {
    await house.defineHardware('share', 256, share);
    house.runtime.define('/ocr', { setupMs: 10, setup: 'ok' });
    const ocr = await house.deploy('ocr', { hardwareSku: 'share' });
    await house.store.instances.sawVram(ocr.versionId, 'predict', { usedMiB: 12_000, ofMiB: 24_000 });
    await house.store.instances.sawVram(ocr.versionId, 'predict', { usedMiB: 11_000, ofMiB: 24_000 });
    await house.start();
    await house.predict(ocr);
    expect((await house.inState(ocr, 'ready')).gpuShareMiB).toBe(13_200);
  });
});

it('takes the fallback that is free, keeps what runs there, and says on which hardware', async () => {
  await house.defineHardware('a100', 256, { gpus: 1, gpuType: 'A100', fallback: ['two', 'l4'] });
  await house.defineHardware('two', 256, { gpus: 2 });
  await house.defineHardware('l4', 256, { gpus: 1, gpuType: 'L4' });
  house.runtime.define('/ocr', { setupMs: 10, setup: 'ok' });
  const ocr = await house.deploy('ocr', { hardwareSku: 'a100', minInstances: 1 });
  const scheduler = await house.start();
  const ready = await house.inState(ocr, 'ready');
  expect([ready.hardwareSku, ...ready.deviceIds]).toEqual(['l4', 'g1']);
  expect(ready.reason).toContain('On local: the only host with room now.');
  house.bus.poke('scheduler');
  await scheduler.idle();
  expect(await house.store.instances.get(ready.id)).toMatchObject({ state: 'ready' });
});

describe('the memory of a GPU', () => {
  it('is learned, and not given away after a stop before the GPU says it is free', async () => {
    await house.defineHardware('share', 256, share);
    house.runtime.define('/ocr', { setupMs: 10, setup: 'ok' });
    const ocr = await house.deploy('ocr', { hardwareSku: 'share' });
    await house.start();
    await house.predict(ocr);
    await house.inState(ocr, 'ready');

    let usedMiB = 14_000;
    let told = 0;
    const memory = new GpuMemory({
      store: house.store,
      clock: house.clock,
      log: createLogger({ room: 'scheduler', level: 'silent' }),
      changed: () => told++,
      nvidiaSmi: async (query) => (query[0]?.includes('gpu_uuid') ? '' : `GPU-1, ${usedMiB}, 24000\n`),
    });
    const seen = await house.store.instances.observe();
    const onGpu = seen.instances.map((one) => ({ ...one, deviceIds: ['GPU-1'] }));
    const look = async (instances: typeof onGpu): Promise<number> => {
      memory.look({ ...seen, instances });
      await memory.idle();
      return memory.lingering().length;
    };
    expect(await look(onGpu)).toBe(0);
    const { deployments } = await house.store.instances.observe();
    expect(deployments[0]?.measuredVram).toEqual({ usedMiB: 14_000, ofMiB: 24_000 });

    house.clock.advance(1_000);
    expect(await look([])).toBe(1);
    house.clock.advance(1_000);
    usedMiB = 300;
    expect(await look([])).toBe(0);
    expect(told).toBe(1);
  });

  it('is not asked for again where there is no nvidia-smi', async () => {
    let asked = 0;
    const memory = new GpuMemory({
      store: house.store,
      clock: house.clock,
      log: createLogger({ room: 'scheduler', level: 'silent' }),
      changed: () => {},
      nvidiaSmi: () => {
        asked++;
        return Promise.reject(Object.assign(new Error('spawn nvidia-smi ENOENT'), { code: 'ENOENT' }));
      },
    });
    house.runtime.define('/ocr', { setupMs: 10, setup: 'ok' });
    await house.defineHardware('whole', 256, { gpus: 1 });
    const ocr = await house.deploy('ocr', { hardwareSku: 'whole', minInstances: 1 });
    await house.start();
    await house.inState(ocr, 'ready');
    for (let n = 0; n < 3; n++) {
      memory.look(await house.store.instances.observe());
      await memory.idle();
      house.clock.advance(10_000);
    }
    expect(asked).toBe(2);
  });
});
