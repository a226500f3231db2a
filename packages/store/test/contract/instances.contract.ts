import { BOOT_PHASES, INSTANCE_MOVES, type InstanceEvent, type InstanceState } from '@hearth/core';
import { newId, systemNow } from '@hearth/kit';
import { describe, expect, test } from 'vitest';
import type { DeploymentRow, InstanceRow, Store } from '../../src/index.ts';
import { addDeployment, addInstance } from '../world.ts';
import { type OpenStore, onOneStore } from './under-test.ts';

const STATES: readonly InstanceState[] = ['booting', 'ready', 'draining', 'stopping', 'stopped', 'failed'];
const EVENTS: readonly InstanceEvent[] = [
  'booted',
  'bootFailed',
  'drain',
  'drained',
  'stopped',
  'vanished',
  'returned',
];
const PATH_TO: Record<InstanceState, readonly InstanceEvent[]> = {
  booting: [],
  ready: ['booted'],
  draining: ['booted', 'drain'],
  stopping: ['drain'],
  stopped: ['drain', 'stopped'],
  failed: ['bootFailed'],
};

/** The states of an instance, and what the dispatcher and operators say of it. */
export function instancesContract(open: OpenStore): void {
  let store: Store;
  let deployment: DeploymentRow;
  const at = systemNow();
  onOneStore(open, async (world) => {
    store = world.store;
    deployment = await addDeployment(store);
  });

  const moved = async ({ id, state }: InstanceRow, event: InstanceEvent): Promise<InstanceRow> => {
    const row = await store.instances.move(id, state, event, { at });
    if (!row) throw new Error(`${id} was not ${state}`);
    return row;
  };
  const inState = async (state: InstanceState): Promise<InstanceRow> => {
    let row = await addInstance(store, deployment);
    for (const step of PATH_TO[state]) row = await moved(row, step);
    expect(row.state).toBe(state);
    return row;
  };
  const ready = () => inState('ready');

  test('insert answers what the table holds, and takes an id once', async () => {
    const row = await addInstance(store, deployment, at);
    const born = { state: 'booting', since: at, createdAt: at, phases: { place: at }, failure: null, pull: null };
    expect(row).toMatchObject({ ...born, address: null, callbackHost: null, gpuShareMiB: 0, cpus: 0 });
    expect(await store.instances.get(row.id)).toEqual(row);
    await expect(store.instances.insert({ ...row, at })).rejects.toThrow(/instances_pkey/);
    expect(await store.instances.get(newId(at))).toBeNull();
  });

  describe('move', () => {
    const moves: Record<InstanceState, Partial<Record<InstanceEvent, InstanceState>>> = INSTANCE_MOVES;

    test('every legal move ends where core says', async () => {
      for (const from of STATES)
        for (const event of EVENTS.filter((candidate) => moves[from][candidate]))
          expect((await moved(await inState(from), event)).state, `${from} ${event}`).toBe(moves[from][event]);
    });

    test('from where it is not any more is refused, and changes nothing', async () => {
      for (const is of STATES) {
        const row = await inState(is);
        for (const from of STATES.filter((other) => other !== is))
          for (const event of EVENTS.filter((candidate) => moves[from][candidate]))
            expect(await store.instances.move(row.id, from, event, { at: at + 1 }), `${is}, not ${from}`).toBeNull();
        expect(await store.instances.get(row.id)).toEqual(row);
      }
      expect(await store.instances.move(newId(at), 'booting', 'booted', { at })).toBeNull();
    });

    test('of many at once, one happens', async () => {
      const { id } = await addInstance(store, deployment);
      const all = await Promise.all(
        (['booted', 'bootFailed', 'drain', 'vanished'] as const).map((event) =>
          store.instances.move(id, 'booting', event, { at }),
        ),
      );
      expect(all.filter((row) => row !== null)).toHaveLength(1);
    });

    test('an illegal one is an error, not a miss', async () => {
      const { id } = await addInstance(store, deployment);
      await expect(store.instances.move(id, 'booting', 'drained', { at })).rejects.toThrow(
        'cannot be drained while it is booting',
      );
    });

    test('writes what comes with it, and stamps the end of the boot', async () => {
      const { id } = await addInstance(store, deployment, at);
      const came = { at: at + 7, address: 'http://127.0.0.1:5000' };
      const booted = await store.instances.move(id, 'booting', 'booted', came);
      const phases = { place: at, ready: at + 7 };
      expect(booted).toMatchObject({ state: 'ready', since: at + 7, address: came.address, phases });
      const failure = { kind: 'oom' as const, phase: null, message: 'full', logTail: 'x\0y \ud83d', exitCode: 137, at };
      const failed = await store.instances.move(id, 'ready', 'vanished', { at: at + 9, reason: 'full\0', failure });
      const stored = { ...failure, logTail: 'x\ufffdy \ufffd' };
      expect(failed).toMatchObject({ state: 'failed', reason: 'full\ufffd', failure: stored, since: at + 9 });
      expect(await store.instances.get(id)).toEqual(failed);
    });

    test('one that returns has no failure any more, unless it was to take nothing again', async () => {
      const lost = async (): Promise<InstanceRow> => {
        const { id } = await ready();
        const failure = { kind: 'lost' as const, phase: null, message: 'lost', logTail: '', exitCode: null, at };
        const row = await store.instances.move(id, 'ready', 'vanished', { at, failure });
        if (row === null) throw new Error(`${id} was not ready`);
        return row;
      };
      const back = { at: at + 9, address: 'http://gpu1:2' };
      const row = await lost();
      const returned = await store.instances.move(row.id, 'failed', 'returned', back);
      expect(returned).toMatchObject({ state: 'ready', failure: null, since: at + 9, address: 'http://gpu1:2' });
      const [attached, closed, unhealthy] = [await lost(), await lost(), await lost()];
      await store.consumers.attached(attached.id, at);
      await store.consumers.intakeClosed(closed.id);
      await store.consumers.unhealthy(unhealthy.id, 'a cancel was not honoured');
      expect(await store.instances.move(attached.id, 'failed', 'returned', back)).not.toBeNull();
      for (const { id } of [closed, unhealthy])
        expect(await store.instances.move(id, 'failed', 'returned', back)).toBeNull();
    });
  });

  test('phases are stamped, and a pull noted, while it boots', async () => {
    const { id, phases } = await addInstance(store, deployment, at);
    expect(phases).toEqual({ place: at });
    for (const [n, phase] of BOOT_PHASES.slice(1, 4).entries())
      expect(await store.instances.stampPhase(id, phase, at + n + 1)).toBe(true);
    expect(await store.instances.stampPhase(id, 'setup', at + 4, 'http://127.0.0.1:1')).toBe(true);
    const pull = { bytes: 1, totalBytes: null };
    await store.instances.pulled(id, pull);
    const stamped = { place: at, pull: at + 1, create: at + 2, start: at + 3, setup: at + 4 };
    expect(await store.instances.get(id)).toMatchObject({ phases: stamped, address: 'http://127.0.0.1:1', pull });
    const failed = await store.instances.move(id, 'booting', 'bootFailed', { at });
    expect(await store.instances.stampPhase(id, 'ready', at)).toBe(false);
    await store.instances.pulled(id, { ...pull, bytes: 2 });
    expect(await store.instances.get(id)).toEqual(failed);
    expect(await store.instances.stampPhase(newId(at), 'pull', at)).toBe(false);
  });

  test('live leaves out what is over, and what is on other hosts', async () => {
    const rows = new Map<string, InstanceState>();
    for (const state of STATES) rows.set((await inState(state)).id, state);
    const live = await store.instances.live();
    const states = live.flatMap(({ id }) => rows.get(id) ?? []);
    expect(states.toSorted()).toEqual(['booting', 'draining', 'ready', 'stopping']);
    expect(live).toEqual(live.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
    expect(await store.instances.live('here')).toEqual(live);
    expect(await store.instances.live('elsewhere')).toEqual([]);
  });

  describe('consumers', () => {
    const seen = async (id: string) => (await store.instances.observe()).instances.find((one) => one.id === id);

    test('what the dispatcher says reaches the scheduler', async () => {
      const { id } = await ready();
      expect(await seen(id)).toMatchObject({ lastUsedAt: null, intakeClosed: false, unhealthy: null, inFlight: 0 });
      await store.consumers.attached(id, at);
      await store.consumers.used([
        { instanceId: id, lastUsedAt: at + 5, taken: [] },
        { instanceId: id, lastUsedAt: at + 3, taken: [] },
      ]);
      await store.consumers.unhealthy(id, 'a cancel was not honoured');
      await store.consumers.intakeClosed(id);
      const unhealthy = 'a cancel was not honoured';
      expect(await seen(id)).toMatchObject({ lastUsedAt: at + 5, intakeClosed: true, unhealthy });
    });

    test('an earlier use does not set the clock back, and attaching anew does not reopen', async () => {
      const { id } = await ready();
      await store.consumers.used([]);
      await store.consumers.used([{ instanceId: id, lastUsedAt: at, taken: [] }]);
      await store.consumers.used([{ instanceId: id, lastUsedAt: at - 1, taken: [] }]);
      await store.consumers.intakeClosed(id);
      await store.consumers.attached(id, at);
      expect(await seen(id)).toMatchObject({ lastUsedAt: at, intakeClosed: true });
    });

    test('the next dispatcher is told what was last said to be taken', async () => {
      const [{ id }, other] = [await ready(), await ready()];
      expect(await store.consumers.takenBy([id])).toEqual(new Set());
      await store.consumers.used([{ instanceId: id, lastUsedAt: at, taken: ['a-1', 'b-2'] }]);
      await store.consumers.used([{ instanceId: other.id, lastUsedAt: at, taken: ['c-1'] }]);
      await store.consumers.used([{ instanceId: id, lastUsedAt: at - 1, taken: ['b-2'] }]);
      expect(await store.consumers.takenBy([id, 'of nobody'])).toEqual(new Set(['b-2']));
      expect(await store.consumers.takenBy([id, other.id])).toEqual(new Set(['b-2', 'c-1']));
    });

    test('are of instances that there are', async () => {
      await expect(store.consumers.attached(newId(at), at)).rejects.toThrow(/consumers_instance_id_fkey/);
    });
  });

  test('ask: the newest counts, of one that lives', async () => {
    const { id } = await ready();
    const asked = async () => {
      const { instances } = await store.instances.observe();
      return instances.flatMap((one) => (one.id === id ? [one.ask, one.askedBy] : []));
    };
    expect(await asked()).toEqual([null, null]);
    expect(await store.instances.ask(id, 'drain', 'ada', at)).toBe(true);
    expect(await store.instances.ask(id, 'stop', 'bob', at + 1)).toBe(true);
    expect(await asked()).toEqual(['stop', 'bob']);
    for (const gone of [await inState('stopped'), await inState('failed'), { id: newId(at) }])
      expect(await store.instances.ask(gone.id, 'drain', 'ada', at)).toBe(false);
  });
}
