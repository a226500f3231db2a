import type { BudgetRow } from '@hearth/store';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type House, startHouse } from './harness.ts';

let house: House;
/** In place of the store's answer; null: the store's. */
let fullest: (() => Promise<BudgetRow[]>) | null = null;
beforeAll(async () => {
  house = await startHouse({
    deps: (deps) => {
      const { budgets } = deps.store;
      const own: typeof budgets.fullest = (limit, now) => (fullest === null ? budgets.fullest(limit, now) : fullest());
      return { ...deps, store: { ...deps.store, budgets: { ...budgets, fullest: own } } };
    },
  });
});
afterEach(() => {
  fullest = null;
});
afterAll(() => house.close());

/** The series of budgets in an answer: `limit{account="ada",token="",period="day"} 5`. */
async function scraped(): Promise<string[]> {
  const { status, text } = await house.ask('GET', '/metrics');
  expect(status).toBe(200);
  expect(text).toContain('hearth_http_request_seconds');
  return text
    .split('\n')
    .filter((line) => line.startsWith('hearth_budget_'))
    .map((line) =>
      line
        .replace(/^hearth_budget_/, '')
        .replace(',room="api"', '')
        .replace(',room="test"', ''),
    )
    .toSorted();
}

it('are what is limited, spent and held, of accounts and tokens, for as long as there is a limit', async () => {
  const { account, token } = await house.addCaller('ada', 'member');
  const [{ id: tokenId } = { id: '' }] = await house.store.accounts.tokens(account.id);
  await house.addModel('echo');
  const body = { version: 'hearth/echo', input: { text: 'hi' } };
  expect((await house.ask('POST', '/v1/predictions', body, { token })).status).toBe(201);
  const limits = { day_micros: 5_000_000, month_micros: 20_000_000 };
  await house.ask('PUT', '/v1/accounts/ada/budget', limits);
  await house.ask('PUT', `/v1/tokens/${tokenId}/budget`, { day_micros: 2_000_000, max_in_flight: 9 });
  const day = `{account="ada",token="",period="day"}`;
  const month = `{account="ada",token="",period="month"}`;
  const ofToken = `{account="ada",token="${tokenId}",period="day"}`;
  expect(await scraped()).toEqual([
    `held${day} 0.0072`,
    `held${month} 0.0072`,
    `held${ofToken} 0.0072`,
    `limit${day} 5`,
    `limit${month} 20`,
    `limit${ofToken} 2`,
    `spent${day} 0`,
    `spent${month} 0`,
    `spent${ofToken} 0`,
  ]);
  await house.ask('PUT', '/v1/accounts/ada/budget', { month_micros: null });
  await house.ask('DELETE', `/v1/tokens/${tokenId}/budget`);
  expect(await scraped()).toEqual([`held${day} 0.0072`, `limit${day} 5`, `spent${day} 0`]);
});

it('are of the hundred with the least left, however many there are', async () => {
  for (let n = 0; n < 110; n++) {
    const { id } = await house.store.accounts.ensure({ type: 'user', username: `many-${n}`, name: 'Many' });
    await house.store.budgets.set(
      { accountId: id, tokenId: null },
      { dayMicros: n === 109 ? 0 : 1_000 },
      house.deps.now(),
    );
  }
  const of = (await scraped()).filter((line) => line.startsWith('limit'));
  expect(of).toHaveLength(100);
  expect(of).toContain('limit{account="many-109",token="",period="day"} 0');
  expect(of).toContain('limit{account="ada",token="",period="day"} 5');
});

it.each([
  ['fails', () => Promise.reject(new Error('no answer'))],
  ['is silent', () => new Promise<BudgetRow[]>(() => {})],
])('are missing where the store %s, and nothing else is', async (_what, answer) => {
  fullest = answer;
  expect(await scraped()).toEqual([]);
});
