import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultsOf, type Look, openShot } from '../screenshots/open.ts';
import { SHOTS } from '../screenshots/pages.ts';
import { furnish, type World } from '../screenshots/world.ts';
import { accessibilityProblems, startBrowser, type TestBrowser } from '../src/browser.ts';
import { type House, startHouse } from '../src/house.ts';

let house: House;
let browser: TestBrowser;
let world: World;
beforeAll(async () => {
  [house, browser] = await Promise.all([startHouse({ runtime: 'process' }), startBrowser()]);
  world = await furnish(house);
});
afterAll(async () => {
  await browser?.close();
  await house?.dispose();
});

/** Each scheme and each size once: colours do not depend on the width. */
const LOOKS: readonly Look[] = [
  { size: 'wide', scheme: 'light' },
  { size: 'phone', scheme: 'dark' },
];

// A network of Docker's that comes or goes while a page loads cuts its connections; other tests make some.
const options = { retry: 1 };

describe.each(LOOKS)('on a $size screen, $scheme, every page is whole and open to everybody:', (look) => {
  it.each(SHOTS.map((shot) => [shot.name, shot] as const))('%s', options, async (_name, shot) => {
    const visit = await openShot(browser, world, shot, look);
    try {
      expect(await accessibilityProblems(visit.page)).toEqual([]);
      expect(await faultsOf(visit, shot, look)).toEqual([]);
    } finally {
      await visit.close();
    }
  });
});
