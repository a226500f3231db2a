import type { Page } from 'playwright-core';
import { answering } from './fleet.ts';
import { MODEL_SHOTS } from './models.ts';
import { SETTINGS_SHOTS } from './settings.ts';
import type { World } from './world.ts';

/** A page as it is photographed. */
export interface Shot {
  /** Of the file. */
  readonly name: string;
  readonly path: string | ((world: World) => string);
  /** As nobody. */
  readonly signedOut?: boolean;
  /** Whose token it is seen with; left out, the operator's. */
  readonly as?: (world: World) => string;
  /** What the browser complains of, where the page is about something that went wrong. */
  readonly complaint?: RegExp;
  /** What a person would do before: presses, opens, waits for what comes later. */
  readonly prepare?: (page: Page, world: World) => Promise<void>;
}

export const SHOTS: readonly Shot[] = [
  ...MODEL_SHOTS,
  { name: 'sign-in', path: '/sign-in', signedOut: true },
  {
    name: 'sign-in-refused',
    path: '/sign-in',
    signedOut: true,
    complaint: /401/,
    async prepare(page) {
      await page.getByLabel('Token').fill('hth_not_a_token');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();
    },
  },
  { name: 'not-found', path: '/no/such/page/here' },
  ...SETTINGS_SHOTS,
  { name: 'fleet', path: '/fleet', prepare: (page) => page.getByRole('table').waitFor() },
  {
    name: 'fleet-loading',
    path: '/fleet',
    prepare: (page) => answering(page, '/v1/board', null),
  },
  {
    name: 'fleet-logs',
    path: '/fleet',
    async prepare(page) {
      await page
        .getByRole('button', { name: /^What to do with/ })
        .last()
        .click();
      await page.getByRole('menuitem', { name: 'Logs' }).click();
      await page.getByRole('region', { name: 'Logs' }).waitFor();
    },
  },
  {
    name: 'fleet-stop',
    path: '/fleet',
    async prepare(page) {
      await page
        .getByRole('button', { name: /^What to do with/ })
        .last()
        .click();
      await page.getByRole('menuitem', { name: 'Stop now' }).click();
    },
  },
  {
    name: 'fleet-timeline',
    path: '/fleet?view=timeline',
    async prepare(page) {
      await page.getByText('15 min').click();
      await page.getByText('15 min ago', { exact: true }).waitFor();
    },
  },
  {
    name: 'deployments',
    path: '/deployments',
    prepare: (page) => page.getByRole('link', { name: 'hearth/storyteller' }).waitFor(),
  },
  {
    name: 'deployments-new',
    path: '/deployments?deploy=hearth%2Fthumbnail',
    async prepare(page) {
      await page.getByRole('option', { name: /\(newest\)/ }).waitFor({ state: 'attached' });
      await page.getByLabel('Keep-alive').selectOption('time');
    },
  },
  {
    name: 'deployments-new-refused',
    complaint: /422/,
    path: '/deployments?deploy=hearth%2Fstream',
    async prepare(page) {
      await page.getByLabel('Name').fill('The Storyteller');
      await page.getByLabel('Model').locator('option', { hasText: 'hearth/stream' }).waitFor({ state: 'attached' });
      await page.getByRole('button', { name: 'Create' }).click();
      await page.getByText('must be lower-case').waitFor();
    },
  },
  {
    name: 'deployment',
    path: '/deployments/hearth/storyteller',
    async prepare(page) {
      await page.locator('canvas').last().waitFor();
      await page.getByText('Release 2').waitFor();
    },
  },
  {
    name: 'deployment-waiting',
    path: '/deployments/hearth/painter',
    prepare: (page) => page.locator('canvas').last().waitFor(),
  },
  {
    name: 'deployment-change',
    path: '/deployments/hearth/storyteller',
    prepare: (page) => page.getByRole('button', { name: 'Change' }).click(),
  },
  {
    name: 'deployment-delete',
    path: '/deployments/hearth/nightly',
    prepare: (page) => page.getByRole('button', { name: 'Delete' }).click(),
  },
  { name: 'deployment-missing', path: '/deployments/hearth/no-such-deployment' },
  { name: 'usage', path: '/usage', prepare: (page) => page.getByRole('table').last().waitFor() },
  { name: 'usage-tokens', path: '/usage?by=token&days=7', prepare: (page) => page.getByRole('table').last().waitFor() },
  {
    name: 'usage-corrections',
    path: '/usage',
    async prepare(page) {
      const corrections = page.getByRole('region', { name: 'Corrections' }).first();
      await corrections.getByRole('row').nth(3).waitFor();
      await corrections.scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'usage-empty',
    path: '/usage',
    async prepare(page) {
      await answering(page, '/v1/usage', { status: 200, body: { by: 'model', results: [] } });
      await page.getByText('Nothing was billed in this time').waitFor();
    },
  },
  {
    name: 'usage-error',
    complaint: /422/,
    path: '/usage',
    async prepare(page) {
      const body = {
        status: 422,
        code: 'invalid-request',
        title: 'Request validation failed',
        detail: 'from is too long ago',
      };
      await answering(page, '/v1/usage', { status: 422, body });
      await page.getByRole('alert').first().waitFor();
    },
  },
];
