import type { WireNewToken } from '@hearth/contract';
import { describe, expect, it } from 'vitest';
import { accessibilityProblems, type Visit } from '../src/browser.ts';
import { eventually, type House } from '../src/house.ts';
import { openVisits } from './visits.ts';

let house: House;
const visit = openVisits(
  (opened) => {
    house = opened;
  },
  { env: { HEARTH_EXAMPLES: 'false' } },
);

const heading = ({ page }: Visit, name: string) => page.getByRole('heading', { level: 1, name });

describe('signing in', () => {
  it('begins for nobody at the sign-in page, and ends where they were going', async () => {
    const stranger = await visit('/settings?tab=hardware', { token: null });
    const { page } = stranger;
    await heading(stranger, 'Sign in to Hearth').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByLabel('Token').fill(house.token);
    await page.keyboard.press('Enter');
    await heading(stranger, 'Settings').waitFor();
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe('/settings?tab=hardware');
    expect(stranger.problems).toEqual([]);

    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ name: 'hearth_session', httpOnly: true, sameSite: 'Strict' });
    expect(await page.evaluate('document.cookie')).toBe('');
  });

  it('with a wrong token says so and lets try again', async () => {
    const stranger = await visit('/', { token: null });
    const { page } = stranger;
    await page.getByLabel('Token').fill('hth_not_a_token_of_this_house');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('This token is not known, or was revoked.').waitFor();
    expect(await page.getByLabel('Token').getAttribute('aria-invalid')).toBe('true');
    await page.getByLabel('Token').fill(house.token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await heading(stranger, 'Models').waitFor();
  });

  it('leads nowhere else, whatever the link said', async () => {
    const stranger = await visit('/sign-in?to=%2F%2Felsewhere.test%2F', { token: null });
    await stranger.page.getByLabel('Token').fill(house.token);
    await stranger.page.keyboard.press('Enter');
    await heading(stranger, 'Models').waitFor();
    expect(new URL(stranger.page.url()).origin).toBe(house.url);
  });
});

describe('a session', () => {
  it('ends when its person signs out, and the cookie with it', async () => {
    const person = await visit('/');
    await heading(person, 'Models').waitFor();
    await person.page.getByRole('button', { name: 'Sign out' }).click();
    await heading(person, 'Sign in to Hearth').waitFor();
    expect(await person.page.context().cookies()).toEqual([]);
    await person.page.goto('/settings');
    await heading(person, 'Sign in to Hearth').waitFor();
  });

  it('ends when its token is revoked', async () => {
    const made = await house.request('POST', '/v1/tokens', { name: 'for a while', scope: 'admin', operator: true });
    const { id, token } = (await made.json()) as WireNewToken;
    const person = await visit('/settings', { token });
    await heading(person, 'Settings').waitFor();
    await house.request('DELETE', `/v1/tokens/${id}`);
    await person.page.getByRole('link', { name: 'Models' }).first().click();
    await eventually('the sign-in page', async () => {
      await person.page.reload();
      return heading(person, 'Sign in to Hearth').isVisible();
    });
  });
});

describe('the shell', () => {
  it('is walked through by keyboard alone', async () => {
    const { page } = await visit('/models');
    await page.getByRole('heading', { level: 1, name: 'Models' }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the page');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await page.getByRole('link', { name: 'Settings' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
    expect(await page.getByRole('link', { name: 'Settings' }).getAttribute('aria-current')).toBe('page');
  });

  it('is light or dark as the system is, or as a person chose, for good and from the first paint', async () => {
    const { page, problems } = await visit('/models', { colorScheme: 'dark' });
    const background = () => page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
    await page.getByRole('heading', { level: 1, name: 'Models' }).waitFor();
    const dark = await background();
    await page.getByRole('radio', { name: 'Light' }).check({ force: true });
    const light = await background();
    expect(light).not.toBe(dark);
    await page.reload({ waitUntil: 'commit' });
    await page.waitForFunction('document.body');
    expect(await background()).toBe(light);
    await page.getByRole('radio', { name: 'As the system' }).check({ force: true });
    expect(await background()).toBe(dark);
    expect(problems).toEqual([]);
  });

  it('says that there is nothing where nothing is', async () => {
    const { page } = await visit('/no/such/page/here');
    await page.getByText('There is nothing at this address').waitFor();
  });

  it.each([1440, 390])('at %i px is open to everybody, light and dark', async (width) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const person = await visit('/settings', { colorScheme, viewport: { width, height: 900 } });
      await heading(person, 'Settings').waitFor();
      expect(await accessibilityProblems(person.page)).toEqual([]);
      expect(await person.page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      expect(person.problems).toEqual([]);
    }
  });
});

it('the policy forbids what it says', async () => {
  const { page, problems } = await visit('/models');
  await page.getByRole('heading', { level: 1, name: 'Models' }).waitFor();
  const evaluated = page.evaluate(`new Promise((resolve) => {
    window.ran = false;
    addEventListener('securitypolicyviolation', (event) => resolve([event.violatedDirective, window.ran]));
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
  })`);
  expect(await evaluated).toEqual(['script-src-elem', false]);
  expect(problems.join()).toMatch(/Content Security Policy/);
});
