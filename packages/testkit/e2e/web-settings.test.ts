import type {
  WireAccountShare,
  WireBudget,
  WireHardware,
  WireModel,
  WireNewToken,
  WireWebhookSecret,
} from '@hearth/contract';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accessibilityProblems, startBrowser, type TestBrowser, type Visit } from '../src/browser.ts';
import { type House, startHouse } from '../src/house.ts';

let house: House;
let browser: TestBrowser;
let admin: Visit;
beforeAll(async () => {
  [house, browser] = await Promise.all([
    startHouse({ runtime: 'process', env: { HEARTH_EXAMPLES: 'false' } }),
    startBrowser(),
  ]);
});
beforeEach(async () => {
  admin = await browser.visit(house, { path: '/settings' });
});
afterEach(() => admin.close());
afterAll(async () => {
  await browser?.close();
  await house?.dispose();
});

const account = (token: string) =>
  fetch(`${house.url}/v1/account`, { headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status);

describe('tokens', () => {
  it('are made with a name, shown once, listed with their last use, and revoked', async () => {
    const { page, problems } = admin;
    await page.getByRole('button', { name: 'New token' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('nightly import');
    await page.keyboard.press('Enter');
    const token = await dialog.getByRole('region', { name: 'Token' }).innerText();
    expect(token).toMatch(/^hth_/);
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await account(token)).toBe(200);
    await dialog.getByRole('button', { name: 'I have copied it' }).click();

    await page.reload();
    const row = page.getByRole('row').filter({ hasText: 'nightly import' });
    await row
      .getByText(/just now|s ago/)
      .first()
      .waitFor();
    expect(await page.getByText(token).count()).toBe(0);
    expect(await row.innerText()).toContain(`…${token.slice(-4)}`);

    await row.getByRole('button', { name: 'Revoke nightly import' }).click();
    await dialog.getByRole('button', { name: 'Revoke' }).click();
    await row.waitFor({ state: 'detached' });
    expect(await account(token)).toBe(401);
    expect(problems).toEqual([]);
  });

  it('are refused at the field that is wrong', async () => {
    const { page } = admin;
    await page.getByRole('button', { name: 'New token' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('for a stranger');
    await dialog.getByLabel('Account').fill('Not A Name');
    await dialog.getByRole('button', { name: 'Make the token' }).click();
    const field = dialog.getByLabel('Account');
    await dialog.getByText('must be lower-case letters').waitFor();
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
  });

  it("of other accounts are the operator's matter; an owner sees what is theirs", async () => {
    const { token } = (await (
      await house.request('POST', '/v1/tokens', { name: 'of ada', username: 'ada', scope: 'admin' })
    ).json()) as { token: string };
    const ada = await browser.visit(house, { token, path: '/settings?tab=accounts' });
    await ada.page.getByRole('cell', { name: 'of ada', exact: true }).waitFor();
    expect(await ada.page.getByRole('tab').allInnerTexts()).toEqual([
      'Tokens',
      'Members',
      'Budgets',
      'Webhooks',
      'Hardware and prices',
      'Audit log',
    ]);
    expect(ada.problems).toEqual([]);
    await ada.close();
  });

  it('that may only run things show what they cannot do, and why', async () => {
    const { token } = (await (await house.request('POST', '/v1/tokens', { name: 'ci', username: 'ada' })).json()) as {
      token: string;
    };
    const ci = await browser.visit(house, { token, path: '/settings' });
    await ci.page.getByRole('heading', { name: 'Members' }).waitFor();
    expect(await ci.page.getByRole('tab').allInnerTexts()).not.toContain('Tokens');
    const button = ci.page.getByRole('button', { name: 'New member' });
    expect(await button.isDisabled()).toBe(true);
    expect(await button.getAttribute('title')).toBe('Needs the scope admin; you signed in with a token that has run.');
    await ci.close();
  });

  it('that may only look are shown what they may look at, and asked for nothing', async () => {
    const made = await house.request('POST', '/v1/tokens', { name: 'wall', username: 'ada', scope: 'read' });
    const { token } = (await made.json()) as WireNewToken;
    const wall = await browser.visit(house, { token, path: '/settings' });
    await wall.page.getByRole('heading', { name: 'Members' }).waitFor();
    expect(await wall.page.getByRole('tab').allInnerTexts()).toEqual(['Members', 'Budgets', 'Hardware and prices']);
    await wall.page.goto('/deployments?deploy=hearth%2Focr');
    await wall.page.getByText('No deployment yet').waitFor();
    expect(await wall.page.getByRole('button', { name: 'New deployment' }).isDisabled()).toBe(true);
    expect(await wall.page.getByRole('dialog').count()).toBe(0);
    expect(wall.problems).toEqual([]);
    await wall.close();
  });
});

it('members are added, made owners and removed, and the audit log says so', async () => {
  const { page, problems } = admin;
  await page.getByRole('tab', { name: 'Members' }).click();
  await page.getByRole('button', { name: 'New member' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('bob');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Make an owner: bob' }).click();
  await page.getByRole('button', { name: 'Make a member: bob' }).waitFor();
  await page.getByRole('button', { name: 'Remove bob' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('row').filter({ hasText: 'bob' }).waitFor({ state: 'detached' });
  await page.getByRole('tab', { name: 'Audit log' }).click();
  const changed = page.getByRole('row').filter({ hasText: 'members.update' });
  await changed.getByText('role: "member" → "owner"').waitFor();
  await page.getByLabel('Operation').fill('members.remove');
  await page.keyboard.press('Enter');
  await page.getByRole('row').filter({ hasText: 'members.remove' }).waitFor();
  await changed.waitFor({ state: 'detached' });
  await house.request('PUT', '/v1/accounts/nobody/budget', { day_micros: 5 });
  await page.getByLabel('Operation').fill('budgets.set');
  await page.keyboard.press('Enter');
  const refused = page.getByRole('row').filter({ hasText: 'nobody' });
  await refused.getByText('day_micros: 5').waitFor();
  expect(await refused.innerText()).toMatch(/refused\s+not-found\s+asked for/);
  expect(await accessibilityProblems(page)).toEqual([]);
  expect(problems).toEqual([]);
});

it('tabs are chosen with arrow keys and kept in the address', async () => {
  const { page } = admin;
  await page.getByRole('tab', { name: 'Budgets' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Signing secret' }).waitFor();
  expect(new URL(page.url()).search).toBe('?tab=webhooks');
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Audit log' }).waitFor();
});

it('the webhook secret is hidden, shown and changed', async () => {
  const { page } = admin;
  const { key } = await house.get<WireWebhookSecret>('/v1/webhooks/default/secret');
  await page.getByRole('tab', { name: 'Webhooks' }).click();
  const shown = page.getByRole('region', { name: 'Signing secret' }).locator('pre');
  await page.getByRole('button', { name: 'Show' }).click();
  expect(await shown.innerText()).toBe(key);
  await page.getByRole('button', { name: 'Change' }).click();
  await page.getByRole('button', { name: 'Change it' }).click();
  await page.getByText('The secret was changed').waitFor();
  const after = await house.get<WireWebhookSecret>('/v1/webhooks/default/secret');
  expect(after.key).not.toBe(key);
  expect(await shown.innerText()).toBe(after.key);
});

it('a price is changed, and hardware made', async () => {
  const { page, problems } = admin;
  await page.goto('/settings?tab=hardware');
  await page.getByRole('button', { name: 'Change CPU' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Price per second').fill('0.000321');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('CPU was saved').waitFor();
  await page.getByRole('button', { name: 'New hardware' }).click();
  await dialog.getByLabel('Name').fill('A quarter of an L4');
  await dialog.getByLabel('SKU').fill('gpu-l4-quarter');
  await dialog.getByText('A share of one').click();
  await dialog.getByLabel('Memory of the share, MiB').fill('5632');
  await dialog.getByLabel('GPU type').fill('L4');
  await dialog.getByLabel('Memory, MiB').fill('8192');
  await dialog.getByLabel('Price per second').fill('0.0001');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('cell', { name: '5.5 GiB of L4' }).waitFor();
  const hardware = await house.get<WireHardware[]>('/v1/hardware');
  const priceOf = (wanted: string) => hardware.find(({ sku }) => sku === wanted)?.price_micros_per_second;
  expect([priceOf('cpu'), priceOf('gpu-l4-quarter')]).toEqual([321, 100]);
  expect(problems).toEqual([]);
});

it('an account is given a weight and a limit', async () => {
  const { page } = admin;
  await page.goto('/settings?tab=accounts');
  await page.getByRole('button', { name: 'Change hearth' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Weight').fill('2.5');
  await dialog.getByLabel('Limit').fill('7');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('row').filter({ hasText: 'hearth' }).getByRole('cell', { name: '2.5', exact: true }).waitFor();
  const share = await house.get<WireAccountShare>('/v1/accounts/hearth');
  expect(share).toMatchObject({ weight: 2.5, max_in_flight: 7 });
});

it('a budget is set, shown with what is spent of it, and removed', async () => {
  const { page, problems } = admin;
  await page.goto('/settings?tab=budgets');
  await page.getByRole('button', { name: 'New budget' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('A day').fill('10');
  await dialog.getByLabel('Creations a minute').fill('600');
  expect(await accessibilityProblems(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('meter', { name: 'Today, hearth' }).waitFor();
  expect(await page.getByRole('row').filter({ hasText: 'hearth' }).innerText()).toContain('0.00 spent of 10.00');
  expect(await house.get<WireBudget[]>('/v1/budgets')).toMatchObject([
    { account: 'hearth', token: null, day: { limit_micros: 10_000_000 }, creates_per_minute: 600 },
  ]);
  expect(await accessibilityProblems(page)).toEqual([]);

  await page.getByRole('button', { name: 'Change hearth' }).click();
  await dialog.getByLabel('A day').fill('-1');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByLabel('A day').fill('0.25');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('of 0.25').waitFor();
  await page.getByText('0 %', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Change hearth' }).click();
  await dialog.getByLabel('A day').fill('0');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('used up').waitFor();
  await page.getByRole('button', { name: 'Remove hearth' }).click();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await page.getByText('Nothing limits what can be spent.').waitFor();
  expect(problems).toEqual([]);
});

it('a model is shown as its owner says, and deleted once it is private', async () => {
  const body = { owner: 'hearth', name: 'drawer', visibility: 'public', hardware: 'cpu' };
  expect((await house.request('POST', '/v1/models', body)).status).toBe(201);
  const { page, problems } = admin;
  await page.goto('/models/hearth/drawer?tab=settings');
  await page.getByLabel('Description').fill('Draws what it is told.');
  await page.getByLabel('Readme').fill('# drawer\n\nGive it **words**.\n');
  await page.getByLabel('Paper').fill('paper');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('must be an http or https URL').waitFor();
  expect(await page.getByLabel('Paper').getAttribute('aria-invalid')).toBe('true');
  problems.splice(0);
  await page.getByLabel('Paper').fill('https://example.com/paper');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved', { exact: true }).waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.getByRole('tab', { name: 'Readme' }).click();
  await page.getByRole('heading', { name: 'drawer', exact: true }).waitFor();
  expect(await house.get<WireModel>('/v1/models/hearth/drawer')).toMatchObject({
    description: 'Draws what it is told.',
    paper_url: 'https://example.com/paper',
  });

  await page.getByRole('tab', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Delete the model' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await dialog.getByText('Make it private first.').waitFor();
  problems.splice(0);
  await page.keyboard.press('Escape');
  await page.getByLabel('Who may see and run it').selectOption('private');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('main header').getByText('private').waitFor();
  await page.getByRole('button', { name: 'Delete the model' }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { level: 1, name: 'Models' }).waitFor();
  expect((await house.request('GET', '/v1/models/hearth/drawer')).status).toBe(404);
  expect(problems).toEqual([]);
});
