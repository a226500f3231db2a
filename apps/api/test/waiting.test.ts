import type { WireStatusPage } from '@hearth/contract';
import type { BootPhase } from '@hearth/core';
import { systemNow } from '@hearth/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDispatcher, type House, startHouse } from './harness.ts';
import { addInstance } from './parts.ts';

let house: House;
let version: string;
let deploymentId: string;
let dispatcher: ReturnType<typeof createDispatcher>;
/** The house's clock stands still, so that what is elapsed is exact; moved, it also outlasts what the API keeps. */
let now: number;
beforeEach(async () => {
  now = systemNow();
  house = await startHouse({ deps: (deps) => ({ ...deps, now: () => now }) });
  const echo = await house.addModel('echo');
  version = echo.version.id;
  deploymentId = echo.deployment.id;
  dispatcher = createDispatcher({ ...house.deps, now: () => now });
});
afterEach(() => house.close());

const create = async () => {
  const { body } = await house.ask('POST', '/v1/predictions', { version, input: { text: 'hi' } });
  return body.id;
};
const waitingOf = async (id: string) => (await house.ask('GET', `/v1/predictions/${id}`)).body.waiting;

/** The scheduler's part: an instance, its phases so many milliseconds ago. */
async function boot(phases: Partial<Record<Exclude<BootPhase, 'ready'>, number>>, readyAgo: number | null = null) {
  const id = await addInstance(house, { id: deploymentId, versionId: version }, { at: now - 600_000 });
  for (const [phase, ago] of Object.entries(phases)) {
    await house.store.instances.stampPhase(id, phase as BootPhase, now - ago);
  }
  if (readyAgo !== null) {
    await house.store.instances.move(id, 'booting', 'booted', { at: now - readyAgo, address: 'http://127.0.0.1:1' });
  }
  return id;
}

async function bootAndStop(phases: Parameters<typeof boot>[0], readyAgo: number) {
  const id = await boot(phases, readyAgo);
  await house.store.instances.move(id, 'ready', 'vanished', { at: now });
}

/** A run that succeeded and took so long. */
async function run(predictMs: number) {
  const row = await dispatcher.claim(await create());
  const usage = {
    id: row.id,
    predictionId: row.id,
    attempt: row.attempt,
    accountId: row.accountId,
    model: row.model,
    versionId: row.versionId,
    deploymentId,
    hardwareSku: 'cpu',
    predictMicroseconds: predictMs * 1_000,
    priceMicrosPerSecond: 0,
    costMicros: 0,
    status: 'succeeded' as const,
    at: now,
  };
  const end = { status: 'succeeded' as const, completedAt: now };
  await house.store.predictions.finish(row.id, row.attempt, end, usage);
}

describe('one who waits is told', () => {
  it('how many are ahead, and nothing that was never measured', async () => {
    const ids = [];
    for (let n = 0; n < 3; n++) {
      ids.push(await create());
      now += 1;
    }
    now += 1_000;
    expect(await Promise.all(ids.map(waitingOf))).toMatchObject([0, 1, 2].map((position) => ({ position })));
    expect(await waitingOf(ids[2] ?? '')).toEqual({
      reason: 'queued',
      detail: 'No instance is up yet.',
      phase: null,
      since: expect.any(String),
      position: 2,
      progress: null,
      eta_seconds: null,
    });
  });

  it('how far a setup is, and when it starts', async () => {
    await bootAndStop({ place: 50_000, create: 49_900, start: 49_000, setup: 48_000 }, 38_000);
    const id = await create();
    await boot({ place: 5_000, create: 4_900, start: 4_200, setup: 4_000 });
    now += 1_000;
    expect(await waitingOf(id)).toMatchObject({
      reason: 'booting',
      phase: 'setup',
      progress: { elapsed_seconds: 5, usual_seconds: 10, bytes: null, percent: null },
      eta_seconds: 5,
    });
    const { deployments } = (await house.ask<WireStatusPage>('GET', '/v1/status')).body;
    expect(deployments[0]?.boot).toMatchObject({ phase: 'setup', progress: { elapsed_seconds: 5, usual_seconds: 10 } });
  });

  it('how much of an image is pulled, and when it starts at that rate', async () => {
    await bootAndStop({ place: 50_000, create: 49_900, start: 49_000, setup: 48_000 }, 38_000);
    const id = await create();
    const instance = await boot({ place: 20_000, create: 19_900, pull: 19_000 });
    await house.store.instances.pulled(instance, { bytes: 250_000_000, totalBytes: null });
    now += 1_000;
    expect(await waitingOf(id)).toMatchObject({
      phase: 'pull',
      progress: { elapsed_seconds: 20, usual_seconds: null, bytes: 250_000_000, total_bytes: null, percent: null },
      eta_seconds: null,
    });
    await house.store.instances.pulled(instance, { bytes: 250_000_000, totalBytes: 1_000_000_000 });
    now += 1_000;
    // 21 s for a quarter; then create 0.9 s, start 1 s and setup 10 s as before.
    expect(await waitingOf(id)).toMatchObject({
      progress: { bytes: 250_000_000, total_bytes: 1_000_000_000, percent: 25 },
      eta_seconds: Math.ceil(63 + 0.9 + 1 + 10),
    });
  });

  it('when the runs ahead of it should be over', async () => {
    for (const ms of [2_000, 2_000, 4_000]) await run(ms);
    // What was known of its pace when there was none is kept for a while.
    now += 10_001;
    await boot({ place: 9_000, setup: 8_000 }, 5_000);
    await dispatcher.claim(await create());
    now += 500;
    const next = await create();
    now += 1;
    const last = await create();
    now += 999;
    expect(await waitingOf(next)).toMatchObject({
      reason: 'queued',
      detail: 'The one ready instance is busy.',
      position: 0,
      eta_seconds: 1,
    });
    expect(await waitingOf(last)).toMatchObject({ position: 1, eta_seconds: 3 });
  });

  it('no time where the deployment is blocked', async () => {
    await bootAndStop({ place: 50_000, setup: 48_000 }, 38_000);
    const id = await create();
    now += 1_000;
    expect(await waitingOf(id)).toMatchObject({ eta_seconds: 12 });
    const free = { failure: null, consecutiveFailures: 0, retryAt: null, failWaitingUntil: null };
    const blocked = { blockedReason: 'no-capacity', blockedDetail: 'No host has 2048 MiB free.' };
    await house.store.deployments.setStatus([{ deploymentId, ...blocked, ...free }]);
    now += 1_000;
    expect(await waitingOf(id)).toMatchObject({ reason: 'no-capacity', eta_seconds: null });
  });
});

it('a thousand who look at once cost one look', async () => {
  const id = await create();
  now += 1_000;
  let looks = 0;
  const line = house.store.predictions.line.bind(house.store.predictions);
  house.store.predictions.line = (...args) => {
    looks += 1;
    return line(...args);
  };
  await Promise.all(Array.from({ length: 1_000 }, () => waitingOf(id)));
  expect(looks).toBe(1);
});
