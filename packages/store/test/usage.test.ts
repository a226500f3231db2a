import { systemNow } from '@hearth/kit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Store } from '../src/index.ts';
import { addDeployment, newPrediction, openWorld, unique, usageOf, type World } from './world.ts';

let world: World;
let store: Store;
beforeAll(async () => {
  world = await openWorld();
  store = world.store;
});
afterAll(() => world.close());

test('usage is totalled by model, deployment, account and day', async () => {
  const account = await store.accounts.ensure({ type: 'user', username: unique('payer'), name: '' });
  const [one, two] = [await addDeployment(store), await addDeployment(store)];
  const noon = Date.UTC(2026, 0, 2, 12);
  const day = 86_400_000;
  const runs = [
    { deployment: one, at: noon, costMicros: 1 },
    { deployment: one, at: noon + day, costMicros: 2 },
    { deployment: two, at: noon + day, costMicros: 4 },
  ];
  for (const { deployment, at, costMicros } of runs) {
    const { id } = await store.predictions.insert(
      newPrediction(deployment, { accountId: account.id, createdAt: at + costMicros }),
    );
    const onInstance = { id: 'i', versionId: deployment.versionId, hardwareSku: 'cpu' };
    const claimed = await store.predictions.claim({ predictionId: id, attempt: 0 }, onInstance, at);
    if (!claimed) throw new Error('the claim was refused');
    const bill = usageOf(claimed, deployment, { at, costMicros, predictMicroseconds: 10 });
    await store.predictions.finish(id, 1, { status: 'succeeded', completedAt: at }, bill);
  }
  const totals = async (query: Parameters<Store['usage']['totals']>[0]) =>
    (await store.usage.totals({ accountId: account.id, ...query })).map((sum) => [
      sum.key,
      sum.predictions,
      sum.costMicros,
    ]);
  const byKey = ([a]: readonly unknown[], [b]: readonly unknown[]) => (String(a) < String(b) ? -1 : 1);
  const nameOf = (row: typeof one) => `${row.owner}/${row.name}`;
  expect(await totals({ by: 'model' })).toEqual(
    [
      [one.model, 2, 3],
      [two.model, 1, 4],
    ].toSorted(byKey),
  );
  expect(await totals({ by: 'deployment' })).toEqual(
    [
      [nameOf(one), 2, 3],
      [nameOf(two), 1, 4],
    ].toSorted(byKey),
  );
  expect(await totals({ by: 'account' })).toEqual([[account.username, 3, 7]]);
  expect(await totals({ by: 'day' })).toEqual([
    ['2026-01-02', 1, 1],
    ['2026-01-03', 2, 6],
  ]);
  expect(await totals({ by: 'account', from: noon + day })).toEqual([[account.username, 2, 6]]);
  expect(await totals({ by: 'account', to: noon + day })).toEqual([[account.username, 1, 1]]);
  const page = await store.usage.list({ accountId: account.id, limit: 2 });
  expect(page.map((record) => record.costMicros)).toEqual([4, 2]);
  const rest = await store.usage.list({ accountId: account.id, limit: 2, before: page[1]?.id });
  expect(rest.map((record) => record.costMicros)).toEqual([1]);
});

test('money beyond 2^53 is refused when read, not rounded', async () => {
  const deployment = await addDeployment(store);
  const accountId = unique('payer');
  const pay = async (costMicros: number) => {
    const { id } = await store.predictions.insert(newPrediction(deployment, { accountId }));
    const onInstance = { id: 'i', versionId: deployment.versionId, hardwareSku: 'cpu' };
    const row = await store.predictions.claim({ predictionId: id, attempt: 0 }, onInstance, systemNow());
    if (!row) throw new Error('the claim was refused');
    const end = { status: 'succeeded', completedAt: systemNow() } as const;
    await store.predictions.finish(id, 1, end, usageOf(row, deployment, { costMicros }));
  };
  const totals = () => store.usage.totals({ by: 'account', accountId });
  await pay(Number.MAX_SAFE_INTEGER);
  expect((await totals())[0]?.costMicros).toBe(Number.MAX_SAFE_INTEGER);
  await pay(1);
  await expect(totals()).rejects.toThrow('exceeds 9007199254740991');
});
