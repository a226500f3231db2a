import type { WireNewToken, WirePrediction } from '@hearth/contract';
import type { House } from '../src/house.ts';
import { endOf } from './ended.ts';
import { answering } from './fleet.ts';
import type { Shot } from './pages.ts';

type Send = <T>(path: string, body: unknown, method?: string) => Promise<T>;

const DAY_MS = 24 * 3_600_000;

/** People of several accounts, and tokens that may do more and less; answers one that may only look. */
export async function furnishAccounts(send: Send): Promise<string> {
  await send('/v1/tokens', { name: 'laptop', scope: 'admin', operator: true });
  for (const username of ['research', 'shop', 'batch']) await send('/v1/tokens', { name: 'first', username });
  await send('/v1/accounts/batch', { weight: 0.5, max_in_flight: 20 }, 'PATCH');
  await send('/v1/accounts/shop', { weight: 4 }, 'PATCH');
  for (const name of ['lena', 'ivo', 'noor']) await send('/v1/accounts/hearth/members', { name });
  await send('/v1/accounts/hearth/members/lena', { role: 'owner' }, 'PATCH');
  await send('/v1/tokens', { name: 'notebook', member: 'ivo', scope: 'deploy' });
  const expires_at = new Date(Date.now() + 30 * DAY_MS).toISOString();
  const wall = { name: 'dashboard on the wall', member: 'noor', scope: 'read', expires_at };
  return (await send<WireNewToken>('/v1/tokens', wall)).token;
}

/** Budgets with room, near their limit and over it, and what was added to bills afterwards. */
export async function furnishBudgets(house: House, send: Send, billed: WirePrediction): Promise<void> {
  const runAs = async ({ token }: WireNewToken, path: string, body: object): Promise<WirePrediction> => {
    const answer = await house.request('POST', path, body, { authorization: `Bearer ${token}` });
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as WirePrediction;
  };
  const checkout = await send<WireNewToken>('/v1/tokens', { name: 'checkout', username: 'shop' });
  const sold = await runAs(checkout, '/v1/predictions', {
    version: 'hearth/stream',
    input: { text: 'one coat, blue' },
  });
  await endOf(house, sold);
  const nightly = await send<WireNewToken>('/v1/tokens', { name: 'nightly import' });
  // Finds no room, and so holds what it may cost for as long as anybody looks.
  await runAs(nightly, '/v1/deployments/hearth/painter/predictions', { input: { text: 'a house by the sea' } });

  const correct = ({ id }: WirePrediction, cost_micros: number, reason: string) =>
    send('/v1/usage/corrections', { prediction: id, cost_micros, reason });
  await correct(billed, 9_310_000, 'What the cluster before this one ran in October');
  await correct(billed, -250_000, 'Its disks were full for half an hour');
  await correct(sold, 7_400_000, 'Sold by the piece until yesterday');

  const limit = (of: string, limits: object) => send(`/v1/${of}/budget`, limits, 'PUT');
  await limit('accounts/hearth', { day_micros: 10_000_000, month_micros: 100_000_000 });
  await limit('accounts/shop', { day_micros: 6_000_000, month_micros: 90_000_000 });
  await limit('accounts/research', { month_micros: 250_000_000 });
  await limit(`tokens/${nightly.id}`, { day_micros: 5_000_000, max_in_flight: 20, creates_per_minute: 60 });
  await limit(`tokens/${nightly.id}`, { day_micros: 250_000, max_in_flight: 5 });
  const refused = await house.request('POST', '/v1/accounts/hearth/members', { name: 'noor' });
  if (refused.status !== 422) throw new Error(`a member twice: ${refused.status} ${await refused.text()}`);
}

export const SETTINGS_SHOTS: readonly Shot[] = [
  {
    name: 'settings-tokens',
    path: '/settings',
    prepare: (page) => page.getByRole('cell', { name: 'laptop', exact: true }).waitFor(),
  },
  {
    name: 'settings-new-token',
    path: '/settings',
    async prepare(page) {
      await page.getByRole('button', { name: 'New token' }).click();
      await page.getByLabel('Name').fill('nightly import');
    },
  },
  {
    name: 'settings-webhooks',
    path: '/settings?tab=webhooks',
    prepare: (page) => page.getByText('whsec_').waitFor(),
  },
  {
    name: 'settings-hardware',
    path: '/settings?tab=hardware',
    prepare: (page) => page.getByRole('table').waitFor(),
  },
  {
    name: 'settings-hardware-change',
    path: '/settings?tab=hardware',
    async prepare(page) {
      await page
        .getByRole('button', { name: /^Change / })
        .last()
        .click();
    },
  },
  {
    name: 'settings-accounts',
    path: '/settings?tab=accounts',
    prepare: (page) => page.getByRole('cell', { name: 'research', exact: true }).waitFor(),
  },
  {
    name: 'settings-members',
    path: '/settings?tab=members',
    prepare: (page) => page.getByRole('cell', { name: 'noor', exact: true }).waitFor(),
  },
  {
    name: 'settings-members-reader',
    path: '/settings?tab=members',
    as: ({ reader }) => reader,
    prepare: (page) => page.getByRole('cell', { name: 'noor', exact: true }).waitFor(),
  },
  {
    name: 'settings-new-member',
    path: '/settings?tab=members',
    complaint: /422/,
    async prepare(page) {
      await page.getByRole('button', { name: 'New member' }).click();
      await page.getByLabel('Name').fill('ivo');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'settings-budgets',
    path: '/settings?tab=budgets',
    prepare: (page) => page.getByRole('meter', { name: 'Today, shop' }).waitFor(),
  },
  {
    name: 'settings-budget-change',
    path: '/settings?tab=budgets',
    async prepare(page) {
      // What is named first is whose budget it is, however long the other tokens take.
      await answering(page, '/v1/tokens', null);
      await page.getByRole('button', { name: /^Change hearth, token/ }).click();
      await page.getByRole('option', { name: /^token nightly import/ }).waitFor({ state: 'attached' });
    },
  },
  {
    name: 'settings-budgets-empty',
    path: '/settings?tab=budgets',
    async prepare(page) {
      await answering(page, '/v1/budgets', { status: 200, body: [] });
      await page.getByText('No budgets').waitFor();
    },
  },
  {
    name: 'settings-audit',
    path: '/settings?tab=audit',
    prepare: (page) => page.getByRole('cell', { name: 'sessions.create' }).first().waitFor(),
  },
  {
    name: 'settings-audit-changes',
    path: '/settings?tab=audit',
    async prepare(page) {
      await page.getByLabel('Operation').fill('budgets.set');
      await page.keyboard.press('Enter');
      await page.getByText('day_micros').first().waitFor();
    },
  },
  {
    name: 'settings-audit-refused',
    path: '/settings?tab=audit',
    async prepare(page) {
      const done = page.getByRole('cell', { name: 'done', exact: true }).first();
      await done.waitFor();
      await page.getByLabel('Outcome').selectOption('refused');
      await done.waitFor({ state: 'detached' });
      await page.getByText('asked for').first().waitFor();
    },
  },
  {
    name: 'settings-audit-none',
    path: '/settings?tab=audit',
    async prepare(page) {
      await page.getByLabel('Subject').fill('nobody/nothing');
      await page.getByRole('button', { name: 'Show' }).click();
      await page.getByText('Nothing of that was changed').waitFor();
    },
  },
];
