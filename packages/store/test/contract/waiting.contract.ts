import { newId } from '@hearth/kit';
import { expect, test } from 'vitest';
import type { DeploymentRow, Store } from '../../src/index.ts';
import { addDeployment } from '../world.ts';
import { type OpenStore, onItsOwnStore, Requests } from './under-test.ts';

/** What the dispatcher and its sweep look for, over all predictions. */
export function waitingContract(open: OpenStore): void {
  let store: Store;
  let deployment: DeploymentRow;
  let requests: Requests;
  const at = 1_700_000_000_000;
  onItsOwnStore(open, async (world) => {
    store = world.store;
    deployment = await addDeployment(store);
    requests = new Requests(store, deployment, at);
  });

  const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);
  /** Ids that sort as they are made. */
  const made = (n: number) => ({ id: newId(at + n), createdAt: at + n });

  test('due are unfinished ones that are to be canceled or whose deadline has come', async () => {
    const canceled = await requests.waiting(made(1));
    const late = await requests.running({ ...made(2), deadlineAt: at + 10 });
    const over = await requests.waiting({ ...made(3), deadlineAt: at + 5 });
    await requests.waiting({ ...made(4), deadlineAt: at + 11 });
    await requests.waiting(made(5));
    await store.predictions.requestCancel(canceled.id, at + 20);
    await store.predictions.finish(over.id, null, { status: 'aborted', completedAt: at }, null);
    expect(ids(await store.predictions.due(at + 10))).toEqual([canceled.id, late.id]);
    expect(ids(await store.predictions.due(at + 9))).toEqual([canceled.id]);
  });

  test('nextDeadline is the earliest of what is not over', async () => {
    expect(await store.predictions.nextDeadline()).toBeNull();
    const first = await requests.waiting({ ...made(1), deadlineAt: at + 50 });
    await requests.running({ ...made(2), deadlineAt: at + 70 });
    await requests.waiting(made(3));
    expect(await store.predictions.nextDeadline()).toBe(at + 50);
    await store.predictions.finish(first.id, null, { status: 'aborted', completedAt: at }, null);
    expect(await store.predictions.nextDeadline()).toBe(at + 70);
  });

  test('waitingTickets are of all that wait, each with its attempt and place, in pages', async () => {
    const first = await requests.waiting(made(1));
    await requests.running(made(2));
    const returned = await requests.running(made(3));
    await store.predictions.giveBack(returned.id, 1, false);
    const last = await requests.waiting(made(4));
    const ofDeployment = { deploymentId: deployment.id };
    const tickets = [
      { predictionId: first.id, attempt: 0, ...ofDeployment, priority: first.priority },
      { predictionId: returned.id, attempt: 1, ...ofDeployment, priority: 0 },
      { predictionId: last.id, attempt: 0, ...ofDeployment, priority: last.priority },
    ];
    expect(await store.predictions.waitingTickets(null, 10)).toEqual(tickets);
    expect(await store.predictions.waitingTickets(null, 2)).toEqual(tickets.slice(0, 2));
    expect(await store.predictions.waitingTickets(returned.id, 2)).toEqual(tickets.slice(2));
  });

  test('processing are those that run; waitingBefore those of a deployment that came before', async () => {
    const late = await requests.waiting({ id: newId(at + 1), createdAt: at + 7 });
    const early = await requests.waiting({ id: newId(at + 2), createdAt: at + 6 });
    const running = await requests.running({ ...made(3), createdAt: at + 5 });
    await new Requests(store, await addDeployment(store), at).waiting(made(4));
    expect(await store.predictions.processing()).toEqual([running]);
    expect(ids(await store.predictions.waitingBefore(deployment.id, at + 8, 10))).toEqual([early.id, late.id]);
    expect(ids(await store.predictions.waitingBefore(deployment.id, at + 8, 1))).toEqual([early.id]);
    expect(ids(await store.predictions.waitingBefore(deployment.id, at + 7, 10))).toEqual([early.id]);
  });
}
