import type { DeploymentRow, HostRow, InstanceRow } from '@hearth/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FakeRuntime } from '../src/runtime/fake.ts';
import { LOCAL_HOST_ID } from '../src/runtimes.ts';
import type { Scheduler } from '../src/scheduler.ts';
import { openHouse, type TestHouse } from './house.ts';

const SETUP_MS = 100;
const LOST_WITHIN_MS = 10_000;
const HOSTS_LOOKED_AT_WITHIN_MS = 35_000;
/** Long enough for a few to fall between two looks of the scheduler. */
const STEP_MS = 250;

let house: TestHouse;
let ocr: DeploymentRow;
let machines: Record<string, FakeRuntime>;

let scheduler: Scheduler;

/** Two machines beside this one, which is cordoned. */
beforeEach(async () => {
  house = await openHouse();
  ocr = await house.deploy('ocr');
  scheduler = await house.start();
  await house.store.hosts.change(LOCAL_HOST_ID, { cordoned: true });
  machines = { gpu1: await house.addHost('gpu1'), gpu2: await house.addHost('gpu2') };
  for (const machine of Object.values(machines)) machine.define('/ocr', { setupMs: SETUP_MS, setup: 'ok' });
  for (const id of ['gpu1', 'gpu2']) await hostUntil(id, ({ lastSeenAt }) => lastSeenAt !== null);
});
afterEach(() => house.close());

const hostUntil = (id: string, is: (host: HostRow) => boolean): Promise<HostRow> =>
  house.until(
    `${id} to be so`,
    async () => {
      const row = await house.store.hosts.get(id);
      return row !== null && is(row) && row;
    },
    STEP_MS,
  );
const machine = (id: string): FakeRuntime => {
  const found = machines[id];
  if (found === undefined) throw new Error(`there is no machine ${id}`);
  return found;
};
const readyElsewhere = (than: InstanceRow): Promise<InstanceRow> =>
  house.until(
    'another instance to be ready',
    async () => (await house.instances(ocr)).find(({ id, state }) => state === 'ready' && id !== than.id),
    STEP_MS,
  );
const claimed = async (): Promise<InstanceRow> => {
  const prediction = await house.predict(ocr);
  const instance = await house.inState(ocr, 'ready');
  await house.claim(prediction, instance);
  return instance;
};

describe('a host', () => {
  it('runs what is placed there, which calls back where it was told to', async () => {
    const instance = await claimed();
    expect(Object.keys(machines)).toContain(instance.hostId);
    expect(instance.address).toContain(instance.hostId);
    expect(instance.callbackHost).toBe('127.0.0.1');
  });

  it('that does not say now where it is called back from is told what it said before', async () => {
    const restart = async (offer: FakeRuntime['offer']): Promise<void> => {
      await scheduler.close();
      for (const each of Object.values(machines)) each.offer = offer;
      scheduler = await house.start();
    };
    await restart({ callbackHost: '10.0.0.1' });
    for (const id of Object.keys(machines)) await hostUntil(id, ({ callbackHost }) => callbackHost === '10.0.0.1');
    // As after a restart with an engine that is slow: it answers, and does not say what it is in time.
    await restart({ available: false, callbackHost: '127.0.0.1' });
    expect((await claimed()).callbackHost).toBe('10.0.0.1');
  });

  it('that is to take nothing new, for its containers cannot be kept apart, keeps what it runs', async () => {
    const instance = await claimed();
    const other = instance.hostId === 'gpu1' ? 'gpu2' : 'gpu1';
    const pass = async (ms: number): Promise<void> => {
      const until = house.clock.now() + ms;
      await house.until('time to pass', async () => house.clock.now() > until, 1_000);
    };
    for (const each of Object.values(machines)) {
      each.define('/sdxl', { setupMs: SETUP_MS, setup: 'ok' });
      each.offer = { refusal: 'Its containers cannot be kept apart.' };
    }
    await pass(HOSTS_LOOKED_AT_WITHIN_MS);
    const sdxl = await house.deploy('sdxl');
    await house.predict(sdxl);
    await pass(5_000);
    expect(await house.instances(sdxl)).toEqual([]);
    expect(await house.store.instances.get(instance.id)).toMatchObject({ state: 'ready' });
    machine(other).offer = {};
    expect((await house.inState(sdxl, 'ready')).hostId).toBe(other);
  });

  it.each(['hangs', 'refuses'] as const)(
    'that %s is lost within 10 s, and taken in again when it returns',
    async (how) => {
      const instance = await claimed();
      const lostAt = house.clock.now();
      machine(instance.hostId).lose(how);

      const gone = await house.until(
        'the instance to be gone',
        async () => (await house.instances(ocr)).find(({ id, state }) => id === instance.id && state === 'failed'),
        STEP_MS,
      );
      expect(gone.since - lostAt).toBeLessThanOrEqual(LOST_WITHIN_MS);
      expect(gone.failure).toMatchObject({
        kind: 'lost',
        message: expect.stringContaining(`${instance.hostId} is lost`),
      });
      const another = await readyElsewhere(instance);
      expect(another.hostId).not.toBe(instance.hostId);
      const row = await hostUntil(instance.hostId, (host) => host.lostAt !== null);
      expect(row.lostWhy).toMatch(how === 'hangs' ? /no answer within 3 s/ : /ECONNREFUSED/);
      // The host was at fault, not the deployment.
      expect(await house.store.deployments.status(ocr.id)).not.toMatchObject({ consecutiveFailures: 1 });

      // Its container ran on all the while, and its model is loaded.
      machine(instance.hostId).restore();
      await hostUntil(instance.hostId, (host) => host.lostAt === null);
      const back = await house.until(
        'the instance to be back',
        async () => (await house.instances(ocr)).find(({ id, state }) => id === instance.id && state === 'ready'),
        STEP_MS,
      );
      expect(back).toMatchObject({ failure: null, reason: expect.stringContaining('has returned') });
      expect(machine(instance.hostId).stopped).toEqual([]);
    },
  );

  it.each([
    ['is busy with what was given back', async (on: FakeRuntime, { id }: InstanceRow) => on.occupy(id)],
    ['was to take nothing any more', (_on: FakeRuntime, { id }: InstanceRow) => house.store.consumers.intakeClosed(id)],
  ])('that returns is rid of what %s', async (_what, spoil) => {
    const instance = await claimed();
    machine(instance.hostId).lose('refuses');
    await readyElsewhere(instance);
    await spoil(machine(instance.hostId), instance);
    machine(instance.hostId).restore();
    await house.until(
      'the stray to be reaped',
      async () => machine(instance.hostId).stopped.includes(instance.id),
      STEP_MS,
    );
    expect(await house.store.instances.get(instance.id)).toMatchObject({ state: 'failed' });
  });

  it('that returns is lost until what it still runs has been looked through', async () => {
    const { hostId } = await claimed();
    const its = machine(hostId);
    its.lose('refuses');
    await hostUntil(hostId, ({ lostAt }) => lostAt !== null);
    const list = its.list.bind(its);
    Object.assign(its, { list: () => Promise.reject(new Error('It is still starting.')) });
    its.restore();
    const until = house.clock.now() + HOSTS_LOOKED_AT_WITHIN_MS;
    expect(await hostUntil(hostId, ({ lostAt }) => lostAt === null || house.clock.now() > until)).toMatchObject({
      lostAt: expect.any(Number),
    });
    Object.assign(its, { list });
    await hostUntil(hostId, ({ lostAt }) => lostAt === null);
  });

  it('that is lost loses no instance before it is stored that it is lost', async () => {
    const instance = await claimed();
    const found = house.store.hosts.found.bind(house.store.hosts);
    Object.assign(house.store.hosts, { found: () => Promise.reject(new Error('the database is away')) });
    machine(instance.hostId).lose('refuses');
    const until = house.clock.now() + HOSTS_LOOKED_AT_WITHIN_MS;
    await hostUntil(instance.hostId, () => house.clock.now() > until);
    expect(await house.store.instances.get(instance.id)).toMatchObject({ state: 'ready' });
    Object.assign(house.store.hosts, { found });
    await readyElsewhere(instance);
    expect(await house.store.hosts.get(instance.hostId)).toMatchObject({ lostAt: expect.any(Number) });
  });

  it('that returns keeps what another scheduler has taken in again already', async () => {
    const instance = await claimed();
    const its = machine(instance.hostId);
    its.lose('refuses');
    await readyElsewhere(instance);
    const { readHealth } = its;
    const takenBack = Promise.withResolvers<InstanceRow | null>();
    // While this one asks whether it idles, the other, which has asked before, moves the row.
    const meanwhile: typeof readHealth = async (address) => {
      const returned = { at: house.clock.now(), address, reason: 'Taken in again by another.' };
      if (address === instance.address)
        takenBack.resolve(await house.store.instances.move(instance.id, 'failed', 'returned', returned));
      return readHealth(address);
    };
    Object.assign(its, { readHealth: meanwhile });
    its.restore();
    const moved = house.until(
      'it to be taken back',
      () => Promise.race([takenBack.promise, Promise.resolve(null)]),
      STEP_MS,
    );
    expect(await moved).toMatchObject({ state: 'ready' });
    const until = house.clock.now() + HOSTS_LOOKED_AT_WITHIN_MS;
    await house.until('its host to be looked at again', async () => house.clock.now() > until, STEP_MS);
    expect(its.stopped).toEqual([]);
    expect(await house.store.instances.get(instance.id)).toMatchObject({ state: 'ready' });
  });

  it('that is lost to who leads no more keeps what the one that leads has there', async () => {
    const instance = await claimed();
    house.isLeading = false;
    machine(instance.hostId).lose('refuses');
    const { lostAt } = await hostUntil(instance.hostId, (host) => host.lostAt !== null);
    const until = (lostAt ?? 0) + HOSTS_LOOKED_AT_WITHIN_MS;
    await house.until('a few more pings', async () => house.clock.now() > until, STEP_MS);
    expect(await house.store.instances.get(instance.id)).toMatchObject({ state: 'ready' });
  });

  it('that is silent for a moment loses nothing', async () => {
    const instance = await claimed();
    machine(instance.hostId).lose('refuses');
    house.clock.advance(3_000);
    machine(instance.hostId).restore();
    await house.until('some time to pass', async () => house.clock.now() >= instance.since + 20_000, STEP_MS);
    expect(await house.store.instances.get(instance.id)).toMatchObject({ state: 'ready' });
  });

  it('that never answers delays no boot elsewhere', async () => {
    const [slow, quick] = ['gpu1', 'gpu2'];
    if (slow === undefined || quick === undefined) throw new Error('two machines are needed');
    machine(slow).lose('hangs');
    await hostUntil(slow, ({ lostAt }) => lostAt !== null);
    const asked = house.clock.now();
    const instance = await claimed();
    expect(instance.hostId).toBe(quick);
    expect(instance.since - asked).toBeLessThan(2_000);
  });

  it('that is removed by force takes its instances along', async () => {
    const instance = await claimed();
    expect(await house.store.hosts.remove(instance.hostId, house.clock.now(), false)).toBe(false);
    expect(await house.store.hosts.remove(instance.hostId, house.clock.now(), true)).toBe(true);
    house.bus.poke('scheduler');
    const another = await readyElsewhere(instance);
    expect(another.hostId).not.toBe(instance.hostId);
    expect(await house.store.instances.get(instance.id)).toMatchObject({ state: 'failed', failure: { kind: 'lost' } });
    // It answers, so what it ran is ended there too.
    await house.until('it to be stopped', async () => machine(instance.hostId).stopped.includes(instance.id), STEP_MS);
  });

  it('has what an operator says from then on, and what is found once that is taken back', async () => {
    const declared = { devices: [{ id: '0', name: 'L4', vramMiB: 24_576 }], memoryMiB: 1_000, cpus: null };
    await house.store.hosts.change('gpu1', { declared });
    const said = house.clock.now();
    house.bus.poke('scheduler');
    await hostUntil('gpu1', ({ devices, memoryMiB }) => devices.length === 1 && memoryMiB === 1_000);
    expect(house.clock.now() - said).toBeLessThan(10_000);
    await house.store.hosts.change('gpu1', { declared: { devices: null, memoryMiB: null, cpus: null } });
    await hostUntil('gpu1', ({ devices, memoryMiB }) => devices.length === 0 && memoryMiB === 16_384);
  });

  it('that is drained is left by what it runs', async () => {
    const instance = await claimed();
    await house.store.hosts.change(instance.hostId, { draining: true });
    house.bus.poke('scheduler');
    expect((await readyElsewhere(instance)).hostId).not.toBe(instance.hostId);
    await house.until(
      'it to drain',
      async () => (await house.store.instances.get(instance.id))?.state === 'draining',
      STEP_MS,
    );
  });
});
