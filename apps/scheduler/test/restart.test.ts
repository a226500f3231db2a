import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Pulls } from '../src/pulls.ts';
import { FakeRuntime } from '../src/runtime/fake.ts';
import type { BootSpec, Role } from '../src/runtime/runtime.ts';
import { launch } from '../src/server-boot.ts';
import { openHouse, type TestHouse } from './house.ts';

let house: TestHouse;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

const { signal } = new AbortController();

const specOf = (instanceId: string, role: Role): BootSpec => ({
  instanceId,
  deploymentId: null,
  role,
  mode: 'predict',
  source: { kind: 'path', path: '/ocr', command: [], env: {} },
  env: {},
  uploadUrl: null,
  memoryMiB: 1,
  cpus: 0,
  deviceIds: [],
});

const stray = (instanceId: string, role: Role) => house.runtime.boot(specOf(instanceId, role), () => {}, signal);

/** A deployment with one ready instance, and the scheduler that made it so. */
async function readyOne() {
  house.runtime.define('/ocr', { setupMs: 10, setup: 'ok' });
  const ocr = await house.deploy('ocr');
  const scheduler = await house.start();
  await house.predict(ocr);
  return { ocr, scheduler, ready: await house.inState(ocr, 'ready') };
}

describe('the scheduler that comes after', () => {
  it('adopts what is ready and goes on with what is booting, without a boot of its own', async () => {
    house.runtime.define('/warm', { setupMs: 10, setup: 'ok' });
    house.runtime.define('/slow', { setupMs: 5_000, setup: 'ok' });
    const warm = await house.deploy('warm');
    const slow = await house.deploy('slow');
    const before = await house.start();
    await house.predict(warm);
    await house.predict(slow);
    await house.inState(warm, 'ready');
    await house.until('the slow one to be in its setup', async () => (await house.instances(slow))[0]?.address);
    await before.close();

    await house.start();
    await house.inState(slow, 'ready');
    expect(await house.instances(warm)).toMatchObject([{ state: 'ready' }]);
    expect(house.runtime.booted).toBe(2);
    expect(house.runtime.stopped).toEqual([]);
  });

  it('gives up a boot of which there is no container, unless another leads, who may have just begun it', async () => {
    house.runtime.define('/slow', { setupMs: 5_000, setup: 'ok' });
    const slow = await house.deploy('slow');
    const before = await house.start();
    await house.predict(slow);
    await house.until('it to be in its setup', async () => (await house.instances(slow))[0]?.address);
    await before.close();
    const [booting] = await house.instances(slow);
    if (booting === undefined) throw new Error('nothing boots');
    house.runtime.vanish(booting.id);

    house.isLeading = false;
    const stale = await house.start();
    expect(await house.store.instances.get(booting.id)).toMatchObject({ state: 'booting' });
    await stale.close();

    house.isLeading = true;
    await house.start();
    expect(await house.store.instances.get(booting.id)).toMatchObject({ state: 'failed', failure: { kind: 'lost' } });
  });

  it('finds nothing that one started which woke when it led no more', async () => {
    const image = `registry.test/ocr@sha256:${'0'.repeat(64)}`;
    const docker = new FakeRuntime('docker', house.clock);
    docker.define(image, { setupMs: 10, setup: 'ok', pullBytes: 200 });
    const ocr = await house.deploy('ocr', { image });
    const stale = await house.start([docker]);
    await house.predict(ocr);
    const booting = await house.until('its image to be pulled', async () =>
      (await house.instances(ocr)).find(({ phases }) => phases.pull !== undefined),
    );
    house.isLeading = false;
    await house.until('all of it to be there', async () => docker.pulled.length > 0);
    await stale.close();
    expect(docker.booted).toBe(0);
    expect(await house.store.instances.get(booting.id)).toMatchObject({ state: 'booting' });

    house.isLeading = true;
    await house.start([docker]);
    expect(await house.store.instances.get(booting.id)).toMatchObject({ state: 'failed', failure: { kind: 'lost' } });
    await house.inState(ocr, 'ready');
    expect(docker.booted).toBe(1);
  });

  it('starts nothing where another may lead by now', async () => {
    const { runtime, clock } = house;
    runtime.define('/ocr', { setupMs: 10, setup: 'ok' });
    const launching = { runtime, spec: specOf('one', 'instance'), pulls: new Pulls({ clock }), signal };
    await expect(launch({ ...launching, isLeading: () => false })).rejects.toThrow('another scheduler may lead');
    expect(runtime.booted).toBe(0);
  });

  it('learns of an end that nobody saw', async () => {
    const { ready, scheduler } = await readyOne();
    await scheduler.close();
    house.runtime.end(ready.id, { exitCode: 7 });
    await house.start();
    expect(await house.store.instances.get(ready.id)).toMatchObject({
      state: 'failed',
      failure: { kind: 'crash', exitCode: 7 },
    });
  });

  it('calls an instance lost whose container is gone', async () => {
    const { ready, scheduler } = await readyOne();
    await scheduler.close();
    house.runtime.vanish(ready.id);
    await house.start();
    expect(await house.store.instances.get(ready.id)).toMatchObject({ state: 'failed', failure: { kind: 'lost' } });
  });

  it('notices within ten seconds of running, too', async () => {
    const { ocr, ready } = await readyOne();
    house.runtime.vanish(ready.id);
    house.clock.advance(10_000);
    const failed = await house.inState(ocr, 'failed');
    expect(failed).toMatchObject({ id: ready.id, failure: { kind: 'lost' } });
  });

  it('stops again what was stopping', async () => {
    const { ready, scheduler } = await readyOne();
    await scheduler.close();
    const { id } = ready;
    const at = house.clock.now();
    await house.store.instances.move(id, 'ready', 'drain', { at });
    await house.store.instances.move(id, 'draining', 'drained', { at });
    await house.start();
    await house.until('it to be stopped', async () => (await house.store.instances.get(id))?.state === 'stopped');
    expect(house.runtime.stopped).toEqual([id]);
  });

  it('reaps what belongs to nobody: strays of earlier instances and of inspections', async () => {
    house.runtime.define('/ocr', { setupMs: 10, setup: 'ok' });
    await stray('nobodys', 'instance');
    await stray('cut-off', 'inspection');
    await house.start();
    expect(house.runtime.stopped.toSorted()).toEqual(['cut-off', 'nobodys']);
    expect(await house.runtime.list()).toEqual([]);
  });

  it('gives up instances whose runtime was switched off', async () => {
    const { ready, scheduler } = await readyOne();
    await scheduler.close();
    await house.start([]);
    expect(await house.store.instances.get(ready.id)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('switched off'),
    });
  });
});

describe('the end of the house', () => {
  it('stops everything when asked to: the ready, the booting and the draining', async () => {
    house.runtime.define('/warm', { setupMs: 10, setup: 'ok' });
    house.runtime.define('/slow', { setupMs: 5_000, setup: 'ok' });
    const warm = await house.deploy('warm', { maxInstances: 1 });
    const slow = await house.deploy('slow', { maxInstances: 1 });
    const scheduler = await house.start();
    await house.predict(warm);
    await house.predict(slow);
    const ready = await house.inState(warm, 'ready');
    await scheduler.stopInstances('Hearth was shut down.');
    expect(await house.store.instances.live()).toEqual([]);
    expect(await house.store.instances.get(ready.id)).toMatchObject({
      state: 'stopped',
      reason: 'Hearth was shut down.',
    });
    expect(await house.runtime.list()).toEqual([]);
  });
});
