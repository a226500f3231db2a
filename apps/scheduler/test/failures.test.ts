import type { FailureKind } from '@hearth/core';
import type { DeploymentRow, DeploymentStatusRow } from '@hearth/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeModel, FakeRuntime } from '../src/runtime/fake.ts';
import { openHouse, SETUP_TIMEOUT_MS, type TestHouse } from './house.ts';

/** Removes nothing while it is stuck. */
class StuckRuntime extends FakeRuntime {
  isStuck = true;
  tries = 0;

  override async stop(instanceId: string): Promise<void> {
    this.tries += 1;
    if (this.isStuck) throw new Error('the engine does not answer');
    await super.stop(instanceId);
  }
}

let house: TestHouse;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

const failuresOf = (deployment: DeploymentRow, count: number): Promise<DeploymentStatusRow> =>
  house.until(`${count} failures`, async () => {
    const status = await house.store.deployments.status(deployment.id);
    return status?.consecutiveFailures === count ? status : null;
  });

describe('a boot that fails', () => {
  const rows: [string, FakeModel | null, FailureKind, string | null, number | null][] = [
    ['a setup that says it failed', { setupMs: 100, setup: 'fail' }, 'setup_error', 'setup: fail', null],
    ['a server that ends', { setupMs: 100, setup: 'exit' }, 'setup_error', 'setup: exit', 3],
    ['too much memory', { setupMs: 100, setup: 'oom' }, 'oom', 'setup: oom', null],
    ['a setup that never ends', { setupMs: SETUP_TIMEOUT_MS * 2, setup: 'ok' }, 'timeout', 'started', null],
    ['a folder that is gone', null, 'setup_error', null, null],
  ];
  it.each(rows)(
    'for %s ends on its row, tells the waiting, and leaves nothing',
    async (_, model, kind, tail, exitCode) => {
      if (model !== null) house.runtime.define('/ocr', model);
      const ocr = await house.deploy('ocr');
      await house.start();
      await house.predict(ocr);
      const stepMs = kind === 'timeout' ? 5_000 : 10;
      const failed = await house.until(
        'a failed instance',
        async () => (await house.instances(ocr)).find((row) => row.state === 'failed'),
        stepMs,
      );
      expect(failed.failure).toMatchObject({ kind, exitCode, phase: model === null ? 'create' : 'setup' });
      if (tail !== null) expect(failed.failure?.logTail).toContain(tail);
      const status = await failuresOf(ocr, 1);
      expect(status.failure).toEqual(failed.failure);
      expect(status.failWaitingUntil).toBe(failed.failure?.at);
      expect(status.retryAt).toBe(Number(failed.failure?.at) + 1_000);
      expect((await house.store.deployments.failing()).map((d) => d.deploymentId)).toEqual([ocr.id]);
      const left = await house.runtime.list();
      expect(left.filter((found) => found.instanceId === failed.id)).toEqual([]);
    },
  );

  it('holds its place on the host until it could be removed', async () => {
    const ocr = await house.deploy('ocr');
    const runtime = new StuckRuntime('process', house.clock);
    runtime.define('/ocr', { setupMs: 10, setup: 'fail' });
    await house.start([runtime]);
    await house.predict(ocr);
    await house.until('three tries to remove it', async () => runtime.tries >= 3);
    expect(await house.instances(ocr)).toMatchObject([{ state: 'booting' }]);
    runtime.isStuck = false;
    const failed = await house.inState(ocr, 'failed');
    expect(failed.failure).toMatchObject({ kind: 'setup_error', phase: 'setup' });
    expect(runtime.stopped).toContain(failed.id);
  });

  it('backs off, becomes a crash loop, and is forgotten after a good boot', async () => {
    house.runtime.define('/ocr', { setupMs: 10, setup: 'exit' });
    const ocr = await house.deploy('ocr', { minInstances: 1 });
    await house.start();
    const first = await failuresOf(ocr, 1);
    const second = await failuresOf(ocr, 2);
    expect(Number(second.failure?.at) - Number(first.failure?.at)).toBeGreaterThanOrEqual(1_000);
    const third = await failuresOf(ocr, 3);
    expect(third.failure).toMatchObject({ kind: 'crash_loop' });
    expect(third.failure?.message).toContain('exit code 3');
    expect(Number(third.retryAt) - Number(third.failure?.at)).toBe(10_000);
    await house.until('the status to say why it waits', async () => {
      const status = await house.store.deployments.status(ocr.id);
      return status?.blockedReason === 'crash-loop';
    });
    expect(house.runtime.booted).toBe(3);

    house.runtime.define('/ocr', { setupMs: 10, setup: 'ok' });
    await house.inState(ocr, 'ready');
    const status = await failuresOf(ocr, 0);
    expect(status).toMatchObject({ failure: null, retryAt: null, failWaitingUntil: null });
  });

  it('boots a new release at once, whatever the one before it did', async () => {
    house.runtime.define('/ocr', { setupMs: 10, setup: 'exit' });
    house.runtime.define('/mended', { setupMs: 10, setup: 'ok' });
    const ocr = await house.deploy('ocr', { minInstances: 1 });
    await house.start();
    const failedAt = Number((await failuresOf(ocr, 3)).failure?.at);
    const mended = await house.store.models.insertVersion({
      id: 'b'.repeat(64),
      modelId: ocr.modelId,
      source: { kind: 'path', path: '/mended', command: ['serve'], env: {} },
      runtime: 'process',
      openapiSchema: {},
      cogVersion: '0.16.12',
      slots: 1,
    });
    await house.store.deployments.update(ocr.id, { versionId: mended.id });
    const id = await house.predict(ocr);
    expect(await house.store.deployments.failing()).toEqual([]);
    const ready = await house.inState(ocr, 'ready');
    expect(ready.phases.place).toBeLessThan(failedAt + 10_000);
    expect(await house.store.predictions.get(id)).toMatchObject({ status: 'starting' });
  });

  it('pulls what is not there, in a phase of its own', async () => {
    const image = `registry.test/ocr@sha256:${'a'.repeat(64)}`;
    house.runtime.define(image, { setupMs: 10, setup: 'ok', pullBytes: 40 });
    const ocr = await house.deploy('ocr');
    const version = await house.store.models.insertVersion({
      id: 'a'.repeat(64),
      modelId: ocr.modelId,
      source: { kind: 'image', image },
      runtime: 'process',
      openapiSchema: {},
      cogVersion: '0.16.12',
      slots: 1,
    });
    await house.store.deployments.update(ocr.id, { versionId: version.id });
    await house.start();
    await house.predict(ocr);
    const { phases, pull } = await house.inState(ocr, 'ready');
    expect(pull).toEqual({ bytes: expect.any(Number), totalBytes: 40 });
    expect(Number(phases.create) - Number(phases.pull)).toBeGreaterThanOrEqual(40);
  });
});

describe('a ready instance', () => {
  it.each([
    [{ exitCode: 7 }, 'crash'],
    [{ signal: 'SIGSEGV' }, 'crash'],
    [{ signal: 'SIGKILL', outOfMemory: true }, 'oom'],
    [{ signal: 'SIGKILL' }, 'lost'],
  ] as const)('that ends with %o has failed: %s, with its log; demand boots another', async (how, kind) => {
    house.runtime.define('/ocr', { setupMs: 10, setup: 'ok' });
    const ocr = await house.deploy('ocr');
    await house.start();
    await house.predict(ocr);
    const ready = await house.inState(ocr, 'ready');
    house.runtime.end(ready.id, how);
    const failed = await house.inState(ocr, 'failed');
    expect(failed).toMatchObject({ id: ready.id, failure: { kind, phase: null, logTail: 'started\nsetup: ok' } });
    const next = await house.inState(ocr, 'ready');
    expect(next.id).not.toBe(ready.id);
    expect(await house.store.deployments.status(ocr.id)).not.toMatchObject({ consecutiveFailures: 1 });
    expect((await house.runtime.list()).map((found) => found.instanceId)).toEqual([next.id]);
  });

  it('that is told to drain while its end is looked into fails all the same, for the same reason', async () => {
    house.runtime.define('/ocr', { setupMs: 10, setup: 'ok' });
    const ocr = await house.deploy('ocr');
    await house.start();
    await house.predict(ocr);
    const { id } = await house.inState(ocr, 'ready');
    const logs = house.runtime.logs.bind(house.runtime);
    const whileDraining: typeof logs = async (...args) => {
      await house.store.instances.move(id, 'ready', 'drain', { at: house.clock.now(), reason: 'It is idle.' });
      return logs(...args);
    };
    Object.assign(house.runtime, { logs: whileDraining });
    house.runtime.end(id, { outOfMemory: true, signal: 'SIGKILL' });
    const failed = await house.until(
      'it to have failed',
      async () => (await house.instances(ocr)).find((row) => row.id === id && row.state === 'failed'),
      250,
    );
    expect(failed.failure).toMatchObject({ kind: 'oom', logTail: 'started\nsetup: ok' });
  });

  it('that the dispatcher calls unhealthy is drained and replaced', async () => {
    house.runtime.define('/ocr', { setupMs: 10, setup: 'ok' });
    const ocr = await house.deploy('ocr', { minInstances: 1 });
    await house.start();
    const sick = await house.inState(ocr, 'ready');
    await house.store.consumers.unhealthy(sick.id, 'Its server says DEFUNCT.');
    house.bus.poke('scheduler');
    expect(await house.inState(ocr, 'draining')).toMatchObject({ id: sick.id, reason: 'Its server says DEFUNCT.' });
    expect((await house.inState(ocr, 'ready')).id).not.toBe(sick.id);
  });
});
