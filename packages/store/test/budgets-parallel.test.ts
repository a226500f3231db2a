import { newId } from '@hearth/kit';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  BudgetExceeded,
  createStore,
  type DeploymentRow,
  type NewPrediction,
  type PredictionRow,
  type Store,
} from '../src/index.ts';
import { addDeployment, hex64, newPrediction, openWorld, unique, usageOf, type World } from './world.ts';

let world: World;
let stores: readonly Store[];
let deployment: DeploymentRow;
beforeAll(async () => {
  world = await openWorld();
  stores = [world.store, await createStore({ url: world.url })];
  deployment = await addDeployment(world.store);
});
afterAll(async () => {
  await stores[1]?.close();
  await world.close();
});

const NOON = Date.UTC(2026, 0, 31, 12);
const HOLD = 100;
const instance = { id: 'instance', versionId: 'version', hardwareSku: 'cpu' };

/** An account with a budget, and two of its tokens, one of them with a smaller budget of its own. */
async function callers(limits: { account: number; token: number }) {
  const { store } = world;
  const username = unique('account');
  const { id: accountId } = await store.accounts.ensure({ type: 'user', username, name: username });
  const token = async () =>
    (
      await store.accounts.addToken({
        accountId,
        name: 'test',
        hash: hex64(),
        hint: 'abcd',
        scope: 'run',
        operator: false,
      })
    ).id;
  const [limited, free] = [await token(), await token()];
  await store.budgets.set(
    { accountId, tokenId: null },
    { dayMicros: limits.account, monthMicros: limits.account * 2 },
    NOON,
  );
  await store.budgets.set({ accountId, tokenId: limited }, { monthMicros: limits.token }, NOON);
  return { accountId, limited, free };
}

/** Looks from outside, in one snapshot each time, at what all that is in the tables adds up to. */
function watch(accountId: string, token: string, limits: { account: number; token: number }) {
  let looks = 0;
  return {
    look: async () => {
      const { rows } = await world.query(ADDED_UP, [accountId, token]);
      expect(Number(rows[0]?.account)).toBeLessThanOrEqual(limits.account);
      expect(Number(rows[0]?.token)).toBeLessThanOrEqual(limits.token);
      looks++;
    },
    looks: () => looks,
  };
}
const ADDED_UP = `
  select coalesce(sum(amount), 0) as account, coalesce(sum(amount) filter (where token_id = $2), 0) as token
  from (
    select hold_micros as amount, token_id from predictions
    where account_id = $1 and status in ('starting', 'processing')
    union all
    select cost_micros, token_id from usage_records join predictions on predictions.id = prediction_id
    where usage_records.account_id = $1
  ) as amounts`;

test('ten thousand creates at once: as many are accepted as fit, and nothing is left of the others', async () => {
  const limits = { account: 3_000 * HOLD + 99, token: 1_000 * HOLD + 1 };
  const { accountId, limited, free } = await callers(limits);
  const { look, looks } = watch(accountId, limited, limits);
  let [accepted, refused] = [0, 0];
  await each(10_000, 64, async (n) => {
    const tokenId = n % 3 === 0 ? free : limited;
    const row = newPrediction(deployment, { accountId, tokenId, holdMicros: HOLD, createdAt: NOON });
    if (await madeOrRefused(() => storeOf(n).predictions.insert(row, { durable: n % 2 === 0 }))) accepted++;
    else refused++;
    if (n % 100 === 0) await look();
  });
  expect(looks()).toBe(100);
  expect({ accepted, refused }).toEqual({ accepted: 3_000, refused: 7_000 });
  const { rows } = await world.query('select count(*)::int as all from predictions where account_id = $1', [accountId]);
  expect(rows).toEqual([{ all: 3_000 }]);
  expect(await world.store.budgets.get(limited, NOON)).toMatchObject({ heldMicros: 1_000 * HOLD, inFlight: 1_000 });
  expect(await world.store.budgets.repair(NOON)).toEqual([]);
}, 120_000);

test('while others end, are canceled, given back and extended, it is never overspent, and no room is lost', async () => {
  const limits = { account: 400 * HOLD, token: 150 * HOLD };
  const { accountId, limited, free } = await callers(limits);
  const { look } = watch(accountId, limited, limits);
  let accepted = 0;
  await each(2_000, 32, async (n) => {
    const tokenId = n % 2 === 0 ? free : limited;
    const row = newPrediction(deployment, { accountId, tokenId, holdMicros: HOLD, createdAt: NOON });
    const made = await madeOrRefused(() =>
      n % 5 === 0 ? makeTwice(storeOf(n), row) : storeOf(n).predictions.insert(row),
    );
    if (made === null) return;
    accepted++;
    await live(storeOf(n + 1), made, n);
    if (n % 20 === 0) await look();
  });
  // None costs more than three holds, and all of it is spent.
  expect(accepted).toBeGreaterThan(limits.account / (3 * HOLD) - 1);
  expect(await world.store.budgets.repair(NOON)).toEqual([]);

  // All have ended: what is left is exactly what the ledger says is left.
  const budget = await world.store.budgets.get(accountId, NOON);
  if (budget === null) throw new Error('no budget');
  expect(budget).toMatchObject({ heldMicros: 0, inFlight: 0 });
  const left = limits.account - budget.daySpentMicros;
  const last = (holdMicros: number) =>
    madeOrRefused(() =>
      world.store.predictions.insert(
        newPrediction(deployment, { accountId, tokenId: free, createdAt: NOON, holdMicros }),
      ),
    );
  expect(await last(left + 1)).toBeNull();
  expect(await last(left)).not.toBeNull();
}, 120_000);

test.each(['an end', 'a longer hold'] as const)(
  'who repeats a request and %s of the prediction that it made never wait for each other',
  async (what) => {
    const { accountId, free } = await callers({ account: 10 * HOLD, token: 10 * HOLD });
    const row = newPrediction(deployment, { accountId, tokenId: free, createdAt: NOON, holdMicros: HOLD });
    const once = { key: 'once', requestHash: 'hash' };
    const { predictions } = world.store;
    await predictions.insertOnce(row, once);
    await predictions.claim({ predictionId: row.id, attempt: 0 }, instance, NOON);
    // Both stand in line for the budget, the repeated request in front.
    const holder = new Client({ connectionString: world.url });
    await holder.connect();
    try {
      await holder.query('begin');
      await holder.query('select from budgets where id = $1 for update', [accountId]);
      const repeated = predictions.insertOnce({ ...row, id: newId(NOON) }, once);
      await expect.poll(waiting, { timeout: 10_000 }).toBe(1);
      const written =
        what === 'an end'
          ? predictions.finish(row.id, 1, { status: 'succeeded', completedAt: NOON }, null)
          : predictions.extendHold(row.id, 1, 2 * HOLD, NOON);
      await expect.poll(waiting, { timeout: 10_000 }).toBe(2);
      await holder.query('commit');
      expect(await repeated).toMatchObject({ made: false, row: { id: row.id } });
      expect(await written).not.toBeNull();
    } finally {
      await holder.end();
    }
    expect(await world.store.budgets.repair(NOON)).toEqual([]);
  },
);

/** How many statements on this database wait for somebody else's lock. */
async function waiting(): Promise<number> {
  const { rows } = await world.query(
    `select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    [],
  );
  return Number(rows[0]?.count);
}

const storeOf = (n: number): Store => stores[n % stores.length] as Store;

/** Works so many off with so many at a time. */
async function each(count: number, atOnce: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) await work(n);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function madeOrRefused(make: () => Promise<PredictionRow>): Promise<PredictionRow | null> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof BudgetExceeded) return null;
    throw error;
  }
}

/** A client that repeats its request while the first one is on its way. */
async function makeTwice({ predictions }: Store, row: NewPrediction): Promise<PredictionRow> {
  const once = { key: row.id, requestHash: 'hash' };
  const [one, other] = await Promise.allSettled([
    predictions.insertOnce(row, once),
    predictions.insertOnce({ ...row, id: newId(NOON) }, once),
  ]);
  // Where room came free between the two, the later one may have been the first to be made.
  const made = [one, other].flatMap((each) => (each.status === 'fulfilled' ? [each.value.row] : []));
  const [first] = made;
  if (first === undefined) throw one.status === 'rejected' ? one.reason : new Error('neither made nor refused');
  expect(made.every(({ id }) => id === first.id)).toBe(true);
  return first;
}

/** One of the lives that a prediction can have. */
async function live({ predictions }: Store, { id, ...row }: PredictionRow, n: number): Promise<void> {
  if (n % 7 === 0) {
    await predictions.finish(id, null, { status: 'canceled', completedAt: NOON }, null);
    return;
  }
  await predictions.claim({ predictionId: id, attempt: 0 }, instance, NOON);
  if (n % 4 === 0) {
    await predictions.giveBack(id, 1, true);
    await predictions.claim({ predictionId: id, attempt: 1 }, instance, NOON);
  }
  const attempt = n % 4 === 0 ? 2 : 1;
  const extended = n % 3 === 0 ? await predictions.extendHold(id, attempt, 3 * HOLD, NOON) : null;
  const costMicros = (extended?.holdMicros ?? HOLD) - (n % 50);
  const usage = usageOf({ id, ...row }, deployment, { attempt, costMicros, at: NOON });
  const ended = await predictions.finish(id, attempt, { status: 'succeeded', completedAt: NOON }, usage);
  expect(ended?.status).toBe('succeeded');
}
