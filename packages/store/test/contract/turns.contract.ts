import { joinQueue, TICKS_PER_MS, type Turn } from '@hearth/core';
import { newId } from '@hearth/kit';
import { describe, expect, test } from 'vitest';
import type { DeploymentRow, PredictionRow, Store } from '../../src/index.ts';
import { addDeployment, newPrediction, unique } from '../world.ts';
import { INSTANCE, type OpenStore, onOneStore, type StoreUnderTest } from './under-test.ts';

/** Who is next in a queue, and how many predictions of an account are in one. */
export function turnsContract(open: OpenStore): void {
  let world: StoreUnderTest;
  let store: Store;
  onOneStore(open, (opened) => {
    world = opened;
    store = world.store;
  });

  const account = async (share: Parameters<Store['accounts']['setShare']>[1] = {}) => {
    const username = unique('account');
    const { id } = await store.accounts.ensure({ type: 'user', username, name: username });
    await store.accounts.setShare(username, share);
    return { id, username };
  };
  /** Instants that are small enough for JavaScript to count their ticks, and later at each call. */
  let clock = 1_000;
  const insert = (deployment: DeploymentRow, accountId: string) => {
    const createdAt = clock++;
    return store.predictions.insert(newPrediction(deployment, { id: newId(createdAt), accountId, createdAt }));
  };
  const inserted = async (count: number, deployment: DeploymentRow, accountId: string) => {
    const rows: PredictionRow[] = [];
    for (let n = 0; n < count; n++) rows.push(await insert(deployment, accountId));
    return rows;
  };
  const claim = ({ id, attempt }: Pick<PredictionRow, 'id' | 'attempt'>) =>
    store.predictions.claim({ predictionId: id, attempt }, INSTANCE, clock);
  const finish = (row: PredictionRow | null) =>
    row && store.predictions.finish(row.id, row.attempt, { status: 'succeeded', completedAt: clock }, null);
  /** The next one first. */
  const queued = async ({ id }: DeploymentRow) =>
    (await store.predictions.waitingTickets(null, 10_000))
      .filter(({ deploymentId }) => deploymentId === id)
      .toSorted((a, b) => a.priority - b.priority);
  const ids = (tickets: readonly { predictionId: string }[]) => tickets.map(({ predictionId }) => predictionId);

  describe('the turn of a prediction', () => {
    test.each([1, 2, 3, 4, 5, 6, 7, 8])("is core's, whatever came before (history %i)", async (seed) => {
      const weights = [0.3, 1, 7];
      const accounts = await Promise.all(weights.map((weight) => account({ weight })));
      const deployment = await addDeployment(store);
      const waiting: (Turn & { id: string })[] = [];
      const last = new Map<number, number>();
      const next = () =>
        waiting.toSorted((a, b) => a.priority - b.priority || (a.id < b.id ? -1 : 1)).map(({ id }) => id);
      for (const chance of chances(seed, 60)) {
        const who = chance % 5;
        const weight = weights[who];
        const head = waiting.find(({ id }) => id === next()[0]) ?? null;
        if (weight === undefined) {
          if (head === null) continue;
          expect(await finish(await claim({ id: head.id, attempt: 0 }))).not.toBeNull();
          waiting.splice(waiting.indexOf(head), 1);
          continue;
        }
        const turn = joinQueue({ head, last: last.get(who) ?? null, weight, now: clock * TICKS_PER_MS });
        const row = await insert(deployment, accounts[who]?.id ?? '');
        expect(row).toMatchObject({ priority: turn.priority, held: false });
        last.set(who, turn.turn);
        waiting.push({ ...turn, id: row.id });
      }
      expect(ids(await queued(deployment))).toEqual(next());
    });

    test('of one that was given back is nobody’s measure', async () => {
      const deployment = await addDeployment(store);
      const [a, b] = [await account(), await account()];
      const [first, second] = await inserted(2, deployment, a.id);
      if (!first || !second) throw new Error('nothing was inserted');
      const running = await claim(first);
      await finish(await claim(second));
      expect(running).not.toBeNull();
      expect(await store.predictions.giveBack(first.id, 1, false)).toMatchObject({ priority: 0 });
      // The queue is as if it were empty.
      expect(await insert(deployment, b.id)).toMatchObject({ priority: 0 });
    });

    test('does not run out of priorities', async () => {
      const deployment = await addDeployment(store);
      const [a, b] = [await account({ weight: 0.1 }), await account()];
      await inserted(6, deployment, a.id);
      await world.raisePriorities(deployment.id, 2_096_500);
      const order = ids(await queued(deployment));
      expect(await store.predictions.rebase()).toBe(6);
      expect(ids(await queued(deployment))).toEqual(order);
      expect((await queued(deployment)).map(({ priority }) => priority)).toEqual([0, 161, 321, 481, 641, 801]);
      expect((await insert(deployment, b.id)).priority).toBe(0);
      expect(await store.predictions.rebase()).toBe(0);
    });
  });

  describe('an account with a limit', () => {
    test('has its predictions held until the dispatcher lets them in, oldest first', async () => {
      const deployment = await addDeployment(store);
      const { id } = await account({ maxInFlight: 2 });
      const rows = await inserted(4, deployment, id);
      expect(rows.every(({ held, priority }) => held && priority === 0)).toBe(true);
      expect(await queued(deployment)).toEqual([]);
      expect(await store.predictions.cappedAccounts()).toContain(id);
      const { admitted, held, more } = await store.predictions.admit(id, clock);
      expect([ids(admitted), held, more]).toEqual([[rows[0]?.id, rows[1]?.id], [], false]);
      expect(admitted.map(({ priority }) => priority)).toEqual([0, 17]);
      expect(await queued(deployment)).toEqual(admitted);
      expect((await store.predictions.admit(id, clock)).admitted).toEqual([]);
      expect(await store.predictions.heldBefore(id, rows[3]?.id ?? '')).toBe(1);
    });

    test('runs no more than that at a time, and what is held is not to be claimed', async () => {
      const deployment = await addDeployment(store);
      const { id } = await account({ maxInFlight: 1 });
      const [first, second] = [await insert(deployment, id), await insert(deployment, id)];
      expect(await claim(first)).toBeNull();
      const both = await Promise.all([store.predictions.admit(id, clock), store.predictions.admit(id, clock)]);
      expect(both.flatMap(({ admitted }) => ids(admitted))).toEqual([first.id]);
      const running = await claim(first);
      expect(running).not.toBeNull();
      expect((await store.predictions.admit(id, clock)).admitted).toEqual([]);
      await finish(running);
      expect(ids((await store.predictions.admit(id, clock)).admitted)).toEqual([second.id]);
    });

    test('may end what is held', async () => {
      const deployment = await addDeployment(store);
      const { id } = await account({ maxInFlight: 1 });
      const row = await insert(deployment, id);
      const canceled = { status: 'canceled', completedAt: clock } as const;
      expect(await store.predictions.finish(row.id, null, canceled, null)).toMatchObject(canceled);
      expect((await store.predictions.admit(id, clock)).admitted).toEqual([]);
    });

    test('that is lowered holds the newest that never ran; that is lifted lets in all', async () => {
      const deployment = await addDeployment(store);
      const { id, username } = await account();
      const rows = await inserted(5, deployment, id);
      const [first, ...rest] = rows;
      const last = rows.at(-1);
      if (!first || !last) throw new Error('nothing was inserted');
      await claim(first);
      await claim(last);
      await store.predictions.giveBack(last.id, 1, true);
      await store.accounts.setShare(username, { maxInFlight: 2 });
      const { held, admitted } = await store.predictions.admit(id, clock);
      expect(admitted).toEqual([]);
      const waited = rest.slice(0, -1).map((row) => row.id);
      expect(ids(held).toSorted()).toEqual(waited);
      expect(await claim({ id: waited[0] ?? '', attempt: 0 })).toBeNull();
      await store.accounts.setShare(username, { maxInFlight: null });
      expect(await store.predictions.cappedAccounts()).toContain(id);
      expect(ids((await store.predictions.admit(id, clock)).admitted)).toEqual(waited);
      expect(await store.predictions.cappedAccounts()).not.toContain(id);
    });

    test('asks for no instance for what is held', async () => {
      const deployment = await addDeployment(store);
      const { id } = await account({ maxInFlight: 1 });
      await inserted(3, deployment, id);
      await store.predictions.admit(id, clock);
      const { deployments } = await store.instances.observe();
      expect(deployments.find((one) => one.id === deployment.id)?.demand).toMatchObject({ waiting: 1, inFlight: 0 });
    });
  });

  test('shares order the boots: an observation says who waits, and what they have running', async () => {
    const [mine, other] = [await addDeployment(store), await addDeployment(store)];
    const [a, b] = [await account({ weight: 3 }), await account()];
    await claim(await insert(other, a.id));
    await insert(mine, a.id);
    await insert(mine, b.id);
    const { deployments } = await store.instances.observe();
    const demand = deployments.find(({ id }) => id === mine.id)?.demand;
    expect(demand).toMatchObject({ waiting: 2, inFlight: 0 });
    expect(demand?.waiters?.toSorted((x, y) => y.weight - x.weight)).toEqual([
      { accountId: a.id, weight: 3, inFlight: 1 },
      { accountId: b.id, weight: 1, inFlight: 0 },
    ]);
  });
}

/** Numbers that look random and are the same at every run. */
function* chances(seed: number, count: number): Generator<number> {
  let state = seed;
  for (let n = 0; n < count; n++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    yield state >> 12;
  }
}
