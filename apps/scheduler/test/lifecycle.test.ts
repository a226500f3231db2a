import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeRuntime } from '../src/runtime/fake.ts';
import { LOCAL_HOST_ID } from '../src/runtimes.ts';
import { KEEP_ALIVE_MS, openHouse, SETUP_TIMEOUT_MS, type TestHouse } from './house.ts';

let house: TestHouse;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

describe('a deployment', () => {
  it('goes cold → booting → ready → idle → draining → stopped, every phase timed', async () => {
    const { store, runtime, clock } = house;
    runtime.define('/ocr', { setupMs: 2_000, setup: 'ok' });
    const ocr = await house.deploy('ocr');
    await house.start();
    expect(await house.instances(ocr)).toEqual([]);

    const prediction = await house.predict(ocr);
    const ready = await house.inState(ocr, 'ready');
    expect(ready.reason).toContain('Waiting: 1');
    expect(Object.keys(ready.phases).toSorted()).toEqual(['create', 'place', 'ready', 'setup', 'start']);
    const setupMs = Number(ready.phases.ready) - Number(ready.phases.setup);
    expect(setupMs).toBeGreaterThanOrEqual(2_000);
    expect(setupMs).toBeLessThan(2_200);
    expect(ready.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);

    await house.claim(prediction, ready);
    clock.advance(KEEP_ALIVE_MS * 2);
    expect((await store.instances.get(ready.id))?.state).toBe('ready');
    await house.finish(prediction, ready);
    clock.advance(KEEP_ALIVE_MS - 1_000);
    expect((await store.instances.get(ready.id))?.state).toBe('ready');

    const draining = await house.inState(ocr, 'draining');
    expect(draining.reason).toContain('keep-alive');
    expect(runtime.stopped).toEqual([]);
    await house.closeIntake(draining);
    await house.inState(ocr, 'stopped');
    expect(runtime.stopped).toEqual([ready.id]);
    expect(runtime.booted).toBe(1);
  });

  it('boots one instance for each of many callers, up to its maximum, and says what is in the way', async () => {
    house.runtime.define('/ocr', { setupMs: 500, setup: 'ok' });
    const ocr = await house.deploy('ocr', { maxInstances: 2 });
    await house.start();
    for (let n = 0; n < 10; n++) await house.predict(ocr);
    await house.until('two ready instances', async () => {
      const rows = await house.instances(ocr);
      return rows.filter((row) => row.state === 'ready').length === 2;
    });
    expect(house.runtime.booted).toBe(2);
  });

  it('boots nothing more while it is warm, however often it is poked', async () => {
    house.runtime.define('/ocr', { setupMs: 500, setup: 'ok' });
    const ocr = await house.deploy('ocr', { slots: 4 });
    const scheduler = await house.start();
    await house.predict(ocr);
    await house.inState(ocr, 'ready');
    for (let n = 0; n < 3; n++) await house.predict(ocr);
    for (let n = 0; n < 20; n++) {
      house.clock.advance(25);
      await scheduler.idle();
    }
    expect(house.runtime.booted).toBe(1);
  });

  it('boots beside an engine that never answers, and beside one that is gone for good', async () => {
    house.runtime.define('/ocr', { setupMs: 500, setup: 'ok' });
    const engine = new FakeRuntime('docker', house.clock);
    engine.lose('refuses');
    await house.start([engine, house.runtime]);
    const longSince = house.clock.now() + 30_000;
    await house.until('the engine to be given up', async () => house.clock.now() > longSince, 250);
    const ocr = await house.deploy('ocr');
    await house.predict(ocr);
    expect(await house.inState(ocr, 'ready')).toMatchObject({ runtime: 'process' });

    engine.restore();
    await house.until(
      'the engine to be in use',
      async () => (await house.store.hosts.get(LOCAL_HOST_ID))?.runtimes.includes('docker'),
      250,
    );
    engine.lose('refuses');
    const again = house.clock.now() + 30_000;
    await house.until('the engine to be given up again', async () => house.clock.now() > again, 250);
    const sdxl = await house.deploy('sdxl');
    house.runtime.define('/sdxl', { setupMs: 500, setup: 'ok' });
    await house.predict(sdxl);
    await house.inState(sdxl, 'ready');
  });

  it('keeps its minimum without any demand', async () => {
    house.runtime.define('/ocr', { setupMs: 500, setup: 'ok' });
    const ocr = await house.deploy('ocr', { minInstances: 1 });
    await house.start();
    expect((await house.inState(ocr, 'ready')).reason).toContain('At least 1');
  });

  it('ends a boot in progress when it is removed', async () => {
    house.runtime.define('/ocr', { setupMs: SETUP_TIMEOUT_MS, setup: 'ok' });
    const ocr = await house.deploy('ocr', { minInstances: 1 });
    await house.start();
    const booting = await house.until('a boot in its setup', async () => {
      const [row] = await house.instances(ocr);
      return row?.address ? row : null;
    });
    await house.store.deployments.remove(ocr.id);
    house.bus.poke('scheduler');
    await house.inState(ocr, 'stopped');
    expect(house.runtime.stopped).toEqual([booting.id]);
  });

  it('waits in words while the host is full, and boots once there is room', async () => {
    house.runtime.define('/big', { setupMs: 100, setup: 'ok' });
    house.runtime.define('/small', { setupMs: 100, setup: 'ok' });
    await house.defineHardware('huge', 16_000);
    const big = await house.deploy('big', { hardwareSku: 'huge' });
    const small = await house.deploy('small');
    await house.start();
    const first = await house.predict(big);
    const holder = await house.inState(big, 'ready');
    await house.claim(first, holder);
    await house.predict(small);
    await house.until('the status to say why', async () => {
      const status = await house.store.deployments.status(small.id);
      return status?.blockedReason === 'no-capacity' && status.blockedDetail;
    });
    await house.finish(first, holder);
    const draining = await house.inState(big, 'draining');
    expect(draining.reason).toContain('needs the room');
    await house.closeIntake(draining);
    await house.inState(small, 'ready');
    const status = await house.store.deployments.status(small.id);
    expect(status).toMatchObject({ blockedReason: null, blockedDetail: null });
  });

  it('says so when nobody defined its hardware', async () => {
    const ocr = await house.deploy('ocr', { hardwareSku: 'gone' });
    await house.start();
    await house.predict(ocr);
    const status = await house.until('the status to say why', () => house.store.deployments.status(ocr.id));
    expect(status).toMatchObject({ blockedReason: 'no-hardware', blockedDetail: 'There is no hardware "gone".' });
  });
});
