import { newId, systemNow } from '@hearth/kit';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { DeploymentRow, NewPrediction, Store } from '../src/index.ts';
import { addDeployment, newPrediction, openWorld, type World } from './world.ts';

let world: World;
let store: Store;
let deployment: DeploymentRow;
const at = systemNow();
const instance = { id: 'instance-1', versionId: 'version-2', hardwareSku: 'gpu' };

// These look at all unfinished predictions of a database, so each has one of its own.
beforeEach(async () => {
  await world?.close();
  world = await openWorld();
  store = world.store;
  deployment = await addDeployment(store);
});
afterAll(() => world.close());

const waiting = (change: Partial<NewPrediction> = {}) => store.predictions.insert(newPrediction(deployment, change));
const running = async (change: Partial<NewPrediction> = {}) => {
  const { id } = await waiting(change);
  await store.predictions.claim({ predictionId: id, attempt: 0 }, instance, at);
  return id;
};
const over = async () => {
  const id = await running();
  await store.predictions.finish(id, 1, { status: 'succeeded', completedAt: at }, null);
  return id;
};
const ids = (rows: readonly { id: string }[]) => rows.map((row) => row.id);

describe('list', () => {
  test('pages through an account, newest first, and sees no other', async () => {
    const mine: string[] = [];
    for (let n = 0; n < 5; n++) mine.unshift((await waiting({ accountId: 'me', createdAt: at + n })).id);
    await waiting({ accountId: 'you' });
    const first = await store.predictions.list({ accountId: 'me', limit: 3 });
    const second = await store.predictions.list({ accountId: 'me', limit: 3, before: first.at(-1)?.id });
    expect([ids(first), ids(second)]).toEqual([mine.slice(0, 3), mine.slice(3)]);
  });

  test('takes an interval of creation times, with its beginning and without its end', async () => {
    const [, second, third] = [
      await waiting({ createdAt: at }),
      await waiting({ createdAt: at + 1 }),
      await waiting({ createdAt: at + 2 }),
      await waiting({ createdAt: at + 3 }),
    ];
    const page = { accountId: 'account', limit: 10, createdAfter: at + 1, createdBefore: at + 3 };
    expect(ids(await store.predictions.list(page))).toEqual([third?.id, second?.id]);
  });
});

test('processing answers those that run', async () => {
  await waiting();
  await over();
  const id = await running();
  expect(ids(await store.predictions.processing())).toEqual([id]);
});

test('due answers unfinished ones with a cancel request or a deadline that has come', async () => {
  const canceled = await running({ createdAt: at });
  const late = await waiting({ createdAt: at + 1, deadlineAt: at + 10 });
  await waiting({ deadlineAt: at + 11 });
  await waiting();
  await store.predictions.requestCancel(canceled, at);
  const done = await waiting({ deadlineAt: at });
  await store.predictions.finish(done.id, null, { status: 'aborted', completedAt: at }, null);
  expect(ids(await store.predictions.due(at + 10))).toEqual([canceled, late.id]);
});

test('nextDeadline is the earliest of unfinished ones', async () => {
  expect(await store.predictions.nextDeadline()).toBeNull();
  const first = await waiting({ deadlineAt: at + 5 });
  await running({ deadlineAt: at + 7 });
  expect(await store.predictions.nextDeadline()).toBe(at + 5);
  await store.predictions.finish(first.id, null, { status: 'aborted', completedAt: at }, null);
  expect(await store.predictions.nextDeadline()).toBe(at + 7);
});

test('waitingBefore answers the oldest of a deployment, up to an instant', async () => {
  const other = await addDeployment(store);
  const second = await waiting({ createdAt: at + 2 });
  const first = await waiting({ createdAt: at + 1 });
  await waiting({ createdAt: at + 3 });
  await running({ createdAt: at });
  await waiting({ createdAt: at, deploymentId: other.id });
  expect(ids(await store.predictions.waitingBefore(deployment.id, at + 3, 10))).toEqual([first.id, second.id]);
  expect(ids(await store.predictions.waitingBefore(deployment.id, at + 3, 1))).toEqual([first.id]);
});

test('waitingTickets pages through everything that waits, with the attempt its ticket names', async () => {
  const retried = await running({ createdAt: at });
  await store.predictions.giveBack(retried, 1, true);
  const fresh = await waiting({ createdAt: at + 1 });
  await running();
  await over();
  const tickets = [
    { predictionId: retried, attempt: 1, deploymentId: deployment.id, priority: 0 },
    { predictionId: fresh.id, attempt: 0, deploymentId: deployment.id, priority: 0 },
  ];
  expect(await store.predictions.waitingTickets(null, 10)).toEqual(tickets);
  expect(await store.predictions.waitingTickets(null, 1)).toEqual(tickets.slice(0, 1));
  expect(await store.predictions.waitingTickets(retried, 10)).toEqual(tickets.slice(1));
  expect(await store.predictions.waitingTickets(newId(at + 1e9), 10)).toEqual([]);
});
