import type { DeploymentRow, InstanceRow } from '@hearth/store';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Scheduler } from '../src/scheduler.ts';
import { KEEP_ALIVE_MS, openHouse, type TestHouse } from './house.ts';

const SETUP_MS = 2_000;
let house: TestHouse;
beforeEach(async () => {
  house = await openHouse();
  house.runtime.define('/ocr', { setupMs: SETUP_MS, setup: 'ok' });
  house.runtime.define('/next', { setupMs: SETUP_MS, setup: 'ok' });
});
afterEach(() => house.close());

/** As the api does on a PATCH: another version, then a poke. */
async function change(deployment: DeploymentRow, path: string, id = 'b'.repeat(64)): Promise<DeploymentRow> {
  const version = await house.store.models.insertVersion({
    id,
    modelId: deployment.modelId,
    source: { kind: 'path', path, command: ['serve'], env: {} },
    runtime: 'process',
    openapiSchema: {},
    cogVersion: '0.16.12',
    slots: 1,
  });
  const updated = await house.store.deployments.update(deployment.id, { versionId: version.id });
  if (updated === null) throw new Error('the deployment is gone');
  house.bus.poke('scheduler');
  return updated;
}

/** A deployment with one ready instance that nobody uses. */
async function warm(scale: Parameters<TestHouse['deploy']>[1] = {}): Promise<[DeploymentRow, InstanceRow, Scheduler]> {
  const deployment = await house.deploy('ocr', scale);
  const scheduler = await house.start();
  const id = await house.predict(deployment);
  const ready = await house.inState(deployment, 'ready');
  await house.claim(id, ready);
  await house.finish(id, ready);
  return [deployment, ready, scheduler];
}

const of = (rows: readonly InstanceRow[], release: DeploymentRow, state: InstanceRow['state']): InstanceRow[] =>
  rows.filter((row) => row.versionId === release.versionId && row.state === state);

/** Every state that the instances were in while time passed until `done`. */
async function watch(deployment: DeploymentRow, done: (rows: readonly InstanceRow[]) => boolean) {
  const seen: InstanceRow[][] = [];
  await house.until(
    'the rollout to end',
    async () => {
      const rows = await house.instances(deployment);
      seen.push(rows);
      return done(rows);
    },
    50,
  );
  return seen;
}

it('a warm deployment stays warm while its release changes, with no prediction to ask for it', async () => {
  const [deployment, old] = await warm();
  const next = await change(deployment, '/next');
  const seen = await watch(deployment, (rows) => of(rows, deployment, 'draining').length === 1);
  for (const rows of seen) expect(rows.some(({ state }) => state === 'ready')).toBe(true);
  expect(seen.some((rows) => of(rows, next, 'booting').length === 1)).toBe(true);
  const [fresh] = of(await house.instances(deployment), next, 'ready');
  expect(fresh?.reason).toMatch(/^It takes over from an earlier release, which is warm\. On local: /);
  expect(house.runtime.booted).toBe(2);
  await house.closeIntake(old);
  expect((await house.inState(deployment, 'stopped')).id).toBe(old.id);
});

it('under load each of the new release takes the place of one of the old, and none in use is cut off', async () => {
  const deployment = await house.deploy('ocr', { maxInstances: 2 });
  await house.start();
  const ids = [await house.predict(deployment), await house.predict(deployment)];
  await watch(deployment, (rows) => of(rows, deployment, 'ready').length === 2);
  const olds = await house.instances(deployment);
  for (const [n, id] of ids.entries()) {
    const instance = olds[n];
    if (instance) await house.claim(id, instance);
  }
  const next = await change(deployment, '/next');
  const seen = await watch(deployment, (rows) => of(rows, deployment, 'draining').length === 2);
  for (const rows of seen) {
    expect(rows.filter(({ state }) => state === 'ready').length).toBeGreaterThanOrEqual(2);
    expect(of(rows, next, 'booting').length + of(rows, next, 'ready').length).toBeLessThanOrEqual(2);
  }
  expect(house.runtime.stopped).toEqual([]);
  for (const [n, id] of ids.entries()) {
    const instance = olds[n];
    if (instance) await house.finish(id, instance);
    if (instance) await house.closeIntake(instance);
  }
  await watch(deployment, (rows) => of(rows, deployment, 'stopped').length === 2);
});

it('a release that does not boot fails nobody while the one before serves, and says so', async () => {
  house.runtime.define('/broken', { setupMs: 10, setup: 'exit' });
  const [deployment, old] = await warm({ minInstances: 1 });
  await change(deployment, '/broken');
  const status = await house.until('three failed boots', async () => {
    const row = await house.store.deployments.status(deployment.id);
    return row?.consecutiveFailures === 3 && row.blockedReason === 'crash-loop' ? row : null;
  });
  expect(status.blockedDetail).toContain('The new release does not boot; the earlier one serves.');
  expect(status.failWaitingUntil).toBeNull();
  const waits = await house.predict(deployment);
  expect(await house.store.deployments.failing()).toEqual([]);
  house.clock.advance(KEEP_ALIVE_MS * 2);
  await house.until(
    'a fifth failed boot',
    async () => {
      const row = await house.store.deployments.status(deployment.id);
      return (row?.consecutiveFailures ?? 0) >= 5;
    },
    1_000,
  );
  expect(await house.store.instances.get(old.id)).toMatchObject({ state: 'ready' });
  expect(await house.store.deployments.failing()).toEqual([]);
  expect(await house.store.predictions.get(waits)).toMatchObject({ status: 'starting' });

  const back = await house.store.deployments.update(
    deployment.id,
    { versionId: deployment.versionId },
    { restores: 1 },
  );
  house.bus.poke('scheduler');
  await house.until('nothing to be in the way', async () => {
    const row = await house.store.deployments.status(deployment.id);
    return row?.blockedReason === null;
  });
  expect(back?.release).toBe(3);
  expect(await house.store.instances.get(old.id)).toMatchObject({ state: 'ready' });
});

/** Many cycles, and a second of time. */
async function passTime(scheduler: Scheduler): Promise<void> {
  for (let n = 0; n < 20; n++) {
    house.clock.advance(50);
    await scheduler.idle();
  }
}

it('a change of the scale alone restarts nothing', async () => {
  const [deployment, old, scheduler] = await warm();
  await house.store.deployments.update(deployment.id, {
    minInstances: 1,
    maxInstances: 5,
    keepAlive: { kind: 'fixed', ms: 1 },
  });
  house.bus.poke('scheduler');
  await passTime(scheduler);
  expect(await house.store.instances.get(old.id)).toMatchObject({ state: 'ready' });
  expect(house.runtime.booted).toBe(1);
});

it('hardware that nobody defined leaves the old release serving, and says so', async () => {
  const [deployment, old, scheduler] = await warm();
  await house.store.deployments.update(deployment.id, { hardwareSku: 'gone' });
  house.bus.poke('scheduler');
  const status = await house.until('the status to say why', async () => {
    const row = await house.store.deployments.status(deployment.id);
    return row?.blockedReason === 'no-hardware' ? row : null;
  });
  expect(status.blockedDetail).toBe('There is no hardware "gone".');
  await passTime(scheduler);
  expect(await house.store.instances.get(old.id)).toMatchObject({ state: 'ready' });
});

it('a cold deployment stays cold', async () => {
  const deployment = await house.deploy('ocr');
  const scheduler = await house.start();
  await change(deployment, '/next');
  await passTime(scheduler);
  expect(await house.instances(deployment)).toEqual([]);
});
