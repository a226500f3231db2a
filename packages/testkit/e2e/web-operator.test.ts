import { readFile } from 'node:fs/promises';
import type { WireDeployment, WireInstance, WireNewToken, WirePage, WirePrediction } from '@hearth/contract';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { accessibilityProblems } from '../src/browser.ts';
import { eventually, type House } from '../src/house.ts';
import { openVisits } from './visits.ts';

let house: House;
const visit = openVisits((opened) => {
  house = opened;
});

/** A prediction that has ended, on whatever runs its model. */
async function run(model: string, input: object): Promise<WirePrediction> {
  const answer = await house.request('POST', '/v1/predictions', { version: model, input });
  if (!answer.ok) throw new Error(`POST /v1/predictions: ${answer.status} ${await answer.text()}`);
  const { id } = (await answer.json()) as WirePrediction;
  return eventually(
    `the success of ${id}`,
    async () => {
      const now = await house.get<WirePrediction>(`/v1/predictions/${id}`);
      return now.status === 'succeeded' && now;
    },
    90_000,
  );
}

const instancesOf = async (model: string) =>
  (await house.get<WirePage<WireInstance>>(`/v1/instances?deployment=${model}`)).results;

const rowOf = (page: Page, id: string) => page.locator(`[data-instance="${id}"]`);

async function ask(page: Page, of: RegExp, what: string): Promise<void> {
  await page.getByRole('button', { name: of }).click();
  await page.getByRole('menuitem', { name: what }).click();
}

describe('usage', () => {
  it('has what a prediction cost, by model and by token, and as a table to download', async () => {
    const { id } = await run('hearth/stream', { text: 'what it costs' });
    const { page, problems } = await visit('/usage');
    const billed = page.getByRole('region', { name: 'What was billed' });
    await billed.getByRole('row', { name: /^hearth\/stream 1 / }).waitFor();
    await page.getByText('Token', { exact: true }).click();
    await billed.getByRole('row', { name: /…[\w]{4} 1 / }).waitFor();
    expect(new URL(page.url()).search).toContain('by=token');
    await page.getByText('Model', { exact: true }).click();
    await billed.getByRole('row', { name: /^hearth\/stream/ }).waitFor();

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'CSV' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('usage-by-model.csv');
    const table = await readFile(await download.path(), 'utf8');
    expect(table).toMatch(
      /^day,key,name,predictions,run_seconds,cost_micros,correction_micros\r\n[\d-]+,hearth\/stream,hearth\/stream,1,/,
    );
    await page.getByRole('region', { name: 'What instances did with their time' }).getByRole('row').nth(1).waitFor();

    const correction = { prediction: id, cost_micros: 1_500_000, reason: 'a forgotten surcharge' };
    expect((await house.request('POST', '/v1/usage/corrections', correction)).status).toBe(201);
    await page.reload();
    const corrected = page.getByRole('region', { name: 'Corrections' });
    await corrected.getByRole('row', { name: new RegExp(`^${id} a forgotten surcharge .* 1\\.50$`) }).waitFor();
    await billed.getByRole('row', { name: /^hearth\/stream 1 .* 1\.50$/ }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(problems).toEqual([]);
  });
});

describe('a deployment', () => {
  it('is warmed up and gets warm before the eyes of who looks, and says why', async () => {
    const { page, problems } = await visit('/deployments');
    const row = page.getByRole('listitem').filter({ hasText: 'hearth/thumbnail' });
    await row.getByText('cold').waitFor();
    await row.getByRole('button', { name: 'Warm up' }).click();
    await row.getByText('warm', { exact: true }).waitFor();
    await row.getByRole('button', { name: /^Kept warm for/ }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);

    await row.getByRole('link', { name: 'hearth/thumbnail' }).first().click();
    await page.getByRole('heading', { level: 1, name: 'hearth/thumbnail' }).waitFor();
    await page.getByText('The minimum is 1.').waitFor();
    await page.locator('canvas').last().waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByRole('button', { name: /^Kept warm for/ }).click();
    await page.getByRole('button', { name: 'Warm up' }).waitFor();
    expect(problems).toEqual([]);
  });

  it('is changed, and goes back to what it was', async () => {
    const { latest_version } = await house.get<{ latest_version: { id: string } }>('/v1/models/hearth/stream');
    const body = {
      name: 'changing',
      model: 'hearth/stream',
      version: latest_version.id,
      hardware: 'cpu',
      min_instances: 0,
      max_instances: 2,
    };
    expect((await house.request('POST', '/v1/deployments', body)).status).toBe(200);
    const { page, problems } = await visit('/deployments/hearth/changing');
    await page.getByRole('button', { name: 'Change' }).click();
    await page.getByLabel('For how long').fill('for a while');
    await page.getByRole('button', { name: 'Make a release' }).click();
    await page.getByRole('alert').getByText('for a while').waitFor();
    problems.splice(0);
    await page.getByLabel('For how long').fill('120');
    await page.getByLabel('At most').fill('3');
    await page.getByRole('button', { name: 'Make a release' }).click();
    await page.getByText('0 to 3', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Go back to release 1' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Go back' }).click();
    await page.getByText('0 to 2', { exact: true }).waitFor();
    await page.getByText('Release 3', { exact: true }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('is created by keyboard, refused at the field that is wrong, and deleted', async () => {
    const { page, problems } = await visit('/deployments');
    await page.getByRole('button', { name: 'New deployment' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'New deployment' });
    const name = dialog.getByRole('textbox', { name: 'Name' });
    const model = dialog.getByRole('combobox', { name: 'Model' });
    await model.getByText('hearth/stream').waitFor({ state: 'attached' });
    await page.keyboard.type('Story');
    await page.keyboard.press('Tab');
    await eventually('hearth/stream to be chosen', async () => {
      await page.keyboard.press('ArrowDown');
      return (await model.inputValue()) === 'hearth/stream';
    });
    await dialog.getByRole('option', { name: /\(newest\)/ }).waitFor({ state: 'attached' });
    // Over the version and the hardware, which are those of the model.
    for (const key of ['Tab', 'Tab', 'Tab', '3', 'Tab', '2', 'Tab', 'ArrowDown', 'Tab']) await page.keyboard.press(key);
    await page.keyboard.type('5m');
    await page.keyboard.press('Enter');
    await dialog.getByText('must be lower-case').waitFor();
    expect(await name.getAttribute('aria-invalid')).toBe('true');
    expect(await accessibilityProblems(page)).toEqual([]);
    await name.fill('story');
    await page.keyboard.press('Enter');
    await dialog.getByText('3 is more than max_instances, 2').waitFor();
    expect(await dialog.getByLabel('At least').getAttribute('aria-invalid')).toBe('true');
    problems.splice(0);
    await dialog.getByLabel('At least').fill('0');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    const { current_release: made } = await house.get<WireDeployment>('/v1/deployments/hearth/story');
    expect(made).toMatchObject({
      number: 1,
      model: 'hearth/stream',
      configuration: { hardware: 'cpu', min_instances: 0, max_instances: 2, keep_alive: 300 },
    });

    await page.getByRole('link', { name: 'hearth/story' }).click();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { level: 1, name: 'Deployments' }).waitFor();
    await page.getByRole('link', { name: 'hearth/story' }).waitFor({ state: 'detached' });
    expect((await house.request('GET', '/v1/deployments/hearth/story')).status).toBe(404);
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('of another account is shown, and not to be changed', async () => {
    const made = await house.request('POST', '/v1/tokens', { name: 'of ada', username: 'ada', scope: 'deploy' });
    const { token } = (await made.json()) as WireNewToken;
    const { page } = await visit('/deployments/hearth/changing', { token });
    for (const name of ['Change', 'Warm up', 'Delete']) {
      const button = page.getByRole('button', { name, exact: true });
      expect(await button.isDisabled()).toBe(true);
      expect(await button.getAttribute('title')).toBe('It belongs to hearth.');
    }
    await page.goto('/deployments');
    expect(await page.getByRole('button', { name: 'New deployment' }).isEnabled()).toBe(true);
  });
});

describe('the fleet', () => {
  it('shows an instance, its logs, and how it leaves once it is drained', async () => {
    await run('hearth/stream', { text: 'to be drained' });
    const [instance] = await instancesOf('hearth/stream');
    if (instance === undefined) throw new Error('nothing runs');
    const { page, problems } = await visit('/fleet');
    const row = rowOf(page, instance.id);
    await row.getByText('idle').waitFor();
    const actions = new RegExp(`^What to do with ${instance.id.slice(-6)}$`);
    await ask(page, actions, 'Logs');
    await page.getByRole('region', { name: 'Logs' }).getByText('listening on').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.keyboard.press('Escape');

    await ask(page, actions, 'Drain');
    await page.getByRole('dialog').getByRole('button', { name: 'Drain' }).click();
    await row.waitFor({ state: 'detached' });
    expect((await instancesOf('hearth/stream')).map(({ id }) => id)).not.toContain(instance.id);
    expect(await accessibilityProblems(page)).toEqual([]);

    await page.getByRole('tab', { name: 'Timeline' }).click();
    const lane = page.getByRole('region', { name: 'hearth/stream' }).getByRole('listitem');
    await lane
      .filter({ hasText: instance.id.slice(-6) })
      .getByText(/booting, setup.*idle.*busy/)
      .waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('follows a prediction that somebody else runs, from cold to warm', async () => {
    const { page } = await visit('/fleet');
    await page.getByRole('heading', { level: 1, name: 'Fleet' }).waitFor();
    await page.getByText('live', { exact: true }).waitFor();
    await run('hearth/stream', { text: 'from far away' });
    await page.getByRole('cell', { name: 'hearth/stream' }).waitFor();
  });

  it('lets a host be cordoned and uncordoned', async () => {
    const { page } = await visit('/fleet');
    const host = page.getByRole('article');
    await host.getByText('ready', { exact: true }).waitFor();
    await host.getByRole('button', { name: /^What to do with/ }).click();
    await page.getByRole('menuitem', { name: 'Cordon' }).click();
    await host.getByText('cordoned').waitFor();
    await host.getByRole('button', { name: /^What to do with/ }).click();
    await page.getByRole('menuitem', { name: 'Uncordon' }).click();
    await host.getByText('ready', { exact: true }).waitFor();
  });

  it('is worked by keyboard alone', async () => {
    await run('hearth/stream', { text: 'by keyboard' });
    const [instance] = await instancesOf('hearth/stream');
    if (instance === undefined) throw new Error('nothing runs');
    const { page } = await visit('/fleet');
    const row = rowOf(page, instance.id);
    await row.getByRole('button').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Logs' }).waitFor();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: /^Stop now/ });
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(await row.isVisible()).toBe(true);
  });
});
