import type { Page } from 'playwright-core';
import type { World } from './world.ts';

/** A page as it is photographed. */
export interface Shot {
  /** Of the file. */
  readonly name: string;
  readonly path: string | ((world: World) => string);
  /** As nobody. */
  readonly signedOut?: boolean;
  /** What a person would do before: presses, opens, waits for what comes later. */
  readonly prepare?: (page: Page, world: World) => Promise<void>;
}

export const SHOTS: readonly Shot[] = [
  { name: 'sign-in', path: '/sign-in', signedOut: true },
  {
    name: 'sign-in-refused',
    path: '/sign-in',
    signedOut: true,
    async prepare(page) {
      await page.getByLabel('Token').fill('hth_not_a_token');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();
    },
  },
  { name: 'not-found', path: '/no/such/page/here' },
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
];
