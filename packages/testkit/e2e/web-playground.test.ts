import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WirePrediction } from '@hearth/contract';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { eventually, type House } from '../src/house.ts';
import { startReceiver } from '../src/webhook-receiver.ts';
import { openVisits } from './visits.ts';

const MODELS = join(import.meta.dirname, '../../../docker/models');
const PICTURE = join(MODELS, 'ocr/example/page.png');

let house: House;
const visit = openVisits((opened) => {
  house = opened;
});

const region = (page: Page, name: string): Locator => page.getByRole('region', { name, exact: true });
/** The control of an input, by its name. */
const input = (page: Page, name: string): Locator => page.locator(`form [id$="_${name}"]`);
const run = (page: Page): Promise<void> => page.getByRole('button', { name: /^Run/ }).click();
/** The id of the run that the playground shows, as its address has it. */
const shownRun = (page: Page): string => new URL(page.url()).searchParams.get('prediction') ?? '';

/** Every text that an element shows, one after the other, from now on. */
async function textsOf(page: Page, selector: string): Promise<() => Promise<string[]>> {
  const seen = await page.evaluateHandle(`(() => {
    const seen = [];
    const look = () => {
      const text = document.querySelector(${JSON.stringify(selector)})?.textContent ?? '';
      if (text !== seen.at(-1)) seen.push(text);
    };
    look();
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    return seen;
  })()`);
  return async () => (await seen.jsonValue()) as string[];
}

async function drop(page: Page, onto: Locator, file: { path: string; name: string; type: string }): Promise<void> {
  const { path, name, type } = file;
  const dataTransfer = await page.evaluateHandle(`(() => {
    const transfer = new DataTransfer();
    const bytes = Uint8Array.from(atob(${JSON.stringify(readFileSync(path).toString('base64'))}), (char) => char.charCodeAt(0));
    transfer.items.add(new File([bytes], ${JSON.stringify(name)}, { type: ${JSON.stringify(type)} }));
    return transfer;
  })()`);
  await onto.dispatchEvent('drop', { dataTransfer });
}

describe('the playground', () => {
  it('runs a cold model on a dropped picture, and shows how it gets warm', async () => {
    const { page, problems } = await visit('/models/hearth/ocr');
    const badges = await textsOf(page, 'main header');
    await drop(page, page.getByRole('button', { name: /^Drop, paste or choose/ }), {
      path: PICTURE,
      name: 'page.png',
      type: 'image/png',
    });
    await page.getByRole('img', { name: 'page.png' }).waitFor();
    await page.keyboard.press('Control+Enter');
    const output = region(page, 'Output').first();
    await output.getByText('Hello from Hearth').waitFor({ timeout: 60_000 });
    await output.getByText('succeeded').waitFor();
    await output.getByText(/ran .* · cost 0\.\d+/).waitFor();
    await page.locator('main header').getByText('warm').waitFor();

    const heads = (await badges()).flatMap((text) => /cold|booting|warm|busy/.exec(text)?.[0] ?? []);
    expect(heads[0]).toBe('cold');
    expect(heads.at(-1)).toBe('warm');
    expect(problems).toEqual([]);
  });

  it('tells what a cold model waits for, until it is warm', async () => {
    const slow = ['--env', 'FAULTY_SETUP_SECONDS=5', '--env', 'FAULTY_SETUP_LOG_LINES=2'];
    const added = await house.hearth('models', 'add', join(MODELS, 'faulty'), 'hearth/slow', ...slow);
    expect(added, added.stdout + added.stderr).toMatchObject({ code: 0 });
    const { page, problems } = await visit('/models/hearth/slow');
    const badge = page.locator('main header');
    await badge.getByText('cold').waitFor();
    await page.getByRole('button', { name: /^Run/ }).click();
    const output = region(page, 'Output').first();
    await output.getByText('An instance is booting: setup.').waitFor();
    await output.getByText(/Next in the queue/).waitFor();
    await badge.getByText('booting').waitFor();
    await output.getByText('succeeded').waitFor({ timeout: 60_000 });
    await badge.getByText('warm').waitFor();
    expect(problems).toEqual([]);
  });

  it('shows text as it comes, in the faces of one input, and can be sent again', async () => {
    const { page, problems } = await visit('/models/hearth/stream');
    await input(page, 'text').fill('one two three four five six seven eight');
    await input(page, 'rate').fill('4');
    await page.getByText('JSON', { exact: true }).first().click();
    expect(JSON.parse(await page.getByLabel('Input as JSON').inputValue())).toEqual({
      text: 'one two three four five six seven eight',
      rate: 4,
    });
    await page.getByLabel('Input as JSON').fill('{"text": "one two three four five six", "rate": 5}');
    await page.getByText('cURL', { exact: true }).click();
    const curl = await region(page, 'The call in cURL').textContent();
    expect(curl).toContain('"text": "one two three four five six"');
    await page.getByText('Form', { exact: true }).click();
    expect(await input(page, 'text').inputValue()).toBe('one two three four five six');

    const outputs = await textsOf(page, 'p[aria-label="Output"]');
    await run(page);
    await page.getByText('succeeded').waitFor({ timeout: 60_000 });
    const grown = (await outputs()).filter((text) => text !== '');
    expect(grown.at(-1)).toBe('one two three four five six');
    // Not all at once: each is the beginning of the next.
    expect(grown.length).toBeGreaterThan(2);
    for (const [at, text] of grown.entries()) expect(grown.at(-1)?.startsWith(text), `${at}: ${text}`).toBe(true);

    await page.reload();
    await page.getByText('succeeded').waitFor();
    expect(await input(page, 'text').inputValue()).toBe('one two three four five six');
    expect(problems).toEqual([]);
  });

  it('says what is wrong at its field, and sends nothing; what the api alone knows is said there too', async () => {
    const { page } = await visit('/models/hearth/thumbnail');
    await input(page, 'width').fill('0');
    await run(page);
    await page.getByText('0 is less than the minimum, 1').waitFor();
    await page.getByText('is required').waitFor();
    expect(shownRun(page)).toBe('');
    await input(page, 'width').fill('64');
    await page.getByRole('button', { name: 'or give its address' }).click();
    await page.getByLabel('Address of a file').fill(`${house.url}/v1/files/0123456789`);
    await run(page);
    await page
      .getByRole('alert')
      .getByText(/0123456789/)
      .waitFor();
    expect(shownRun(page)).toBe('');
  });

  it('says whose budget has no room for a run, and makes none', async () => {
    const set = await house.request('PUT', '/v1/accounts/hearth/budget', { day_micros: 0 });
    expect(set.status).toBe(200);
    try {
      const { page } = await visit('/models/hearth/stream');
      await input(page, 'text').fill('a word');
      await run(page);
      await page.getByText('Budget exceeded').waitFor();
      await page.getByText(/Account hearth may spend 0 a day/).waitFor();
      expect(shownRun(page)).toBe('');
    } finally {
      await house.request('DELETE', '/v1/accounts/hearth/budget');
    }
  });

  it('cancels what runs', async () => {
    const { page, problems } = await visit('/models/hearth/stream');
    await input(page, 'text').fill('a word that takes its time');
    await input(page, 'rate').fill('0.1');
    await run(page);
    await page.getByText('processing').waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('canceled').waitFor();
    expect(await page.getByRole('button', { name: 'Cancel' }).count()).toBe(0);
    expect(problems).toEqual([]);
  });

  it('shows why a run failed, with its log', async () => {
    const { page } = await visit('/models/hearth/faulty');
    await input(page, 'mode').selectOption('fail');
    await input(page, 'log_lines').fill('2');
    await run(page);
    const output = region(page, 'Output').first();
    await output.getByText('model failed on purpose').first().waitFor({ timeout: 60_000 });
    await output.getByText('line 2').waitFor();
  });
});

describe('predictions', () => {
  const create = async (model: string, body: object): Promise<WirePrediction> => {
    const answer = await house.request('POST', `/v1/models/${model}/predictions`, body);
    return (await answer.json()) as WirePrediction;
  };
  const ended = ({ id }: WirePrediction) =>
    eventually(`the end of ${id}`, async () => {
      const { status } = await house.get<WirePrediction>(`/v1/predictions/${id}`);
      return !['starting', 'processing'].includes(status);
    });

  it('are found by filters that the address holds, and opened', async () => {
    const wanted = await create('hearth/stream', { input: { text: 'to be found', rate: 100 } });
    await ended(wanted);
    const { page, problems } = await visit('/predictions');
    await page.getByLabel('model').selectOption('hearth/stream');
    await page.getByLabel('status').selectOption('succeeded');
    await page.getByLabel('source').selectOption('api');
    expect(new URL(page.url()).search).toBe('?model=hearth%2Fstream&status=succeeded&source=api');
    const rows = page.getByRole('list', { name: 'Predictions' }).getByRole('link');
    await rows.filter({ hasText: wanted.id }).waitFor();
    await page.reload();
    await rows.filter({ hasText: wanted.id }).click();
    await page.getByText('to be found').first().waitFor();
    const timeline = region(page, 'Timeline');
    await timeline.getByText('running').waitFor();
    expect(await region(page, 'About it').textContent()).toMatch(/Cost0\.\d+/);

    await page.getByRole('link', { name: 'Tweak it' }).click();
    await input(page, 'text').waitFor();
    expect(await input(page, 'text').inputValue()).toBe('to be found');
    expect(problems).toEqual([]);
  });

  it('show what their webhook was told, and tell it again', async () => {
    const receiver = await startReceiver();
    try {
      const told = await create('hearth/stream', {
        input: { text: 'tell it', rate: 100 },
        webhook: receiver.url,
        webhook_events_filter: ['completed'],
      });
      await ended(told);
      const { page } = await visit(`/p/${told.id}`);
      const webhook = region(page, 'Webhook');
      await webhook.getByText('delivered').waitFor();
      await webhook.getByRole('button', { name: 'Send again' }).click();
      await webhook.getByText(/try 2/).waitFor();
      expect(new URL(page.url()).pathname).toBe(`/predictions/${told.id}`);
    } finally {
      await receiver.close();
    }
  });
});

describe('a list of 10,000 predictions', () => {
  const PAGES = 100;
  /** A busy machine takes a second for each page. */
  const LONGEST_MS = 280_000;
  /** The n-th page of the API's list, newest first. */
  const pageOf = (like: WirePrediction, n: number) => ({
    previous: null,
    next: n + 1 < PAGES ? `${house.url}/v1/predictions?cursor=${n + 1}` : null,
    results: Array.from({ length: 100 }, (_nothing, at) => ({ ...like, id: `row${n * 100 + at}` })),
  });

  it(
    'comes page by page as it is scrolled, and only what is seen is in the page',
    async () => {
      const answer = await house.request('POST', '/v1/models/hearth/stream/predictions', { input: { text: 'one' } });
      const like = (await answer.json()) as WirePrediction;
      const { page, problems } = await visit('/models');
      let asked = 0;
      await page.route(/\/v1\/predictions(\?|$)/, async (route) => {
        asked += 1;
        const cursor = new URL(route.request().url()).searchParams.get('cursor');
        await route.fulfill({ json: pageOf(like, Number(cursor ?? 0)) });
      });
      await page.getByRole('link', { name: 'Predictions' }).click();
      const rows = page.getByRole('list', { name: 'Predictions' }).getByRole('listitem');
      await rows.first().waitFor();
      expect(asked).toBe(1);
      const most = { rows: 0 };
      await eventually(
        'the end of the list',
        async () => {
          await page.evaluate('window.scrollTo(0, document.body.scrollHeight)');
          most.rows = Math.max(most.rows, await rows.count());
          return page.getByText('That is all of them.').isVisible();
        },
        LONGEST_MS,
      );
      expect(asked).toBe(PAGES);
      await page.evaluate('window.scrollTo(0, document.body.scrollHeight)');
      await page.getByRole('link').filter({ hasText: 'row9999' }).waitFor();
      expect(await rows.last().getAttribute('aria-setsize')).toBe('10000');
      expect(most.rows).toBeLessThan(100);
      expect(problems).toEqual([]);
    },
    LONGEST_MS + 60_000,
  );
});
