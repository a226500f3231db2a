import { afterAll, afterEach, beforeAll } from 'vitest';
import { startBrowser, type TestBrowser, type Visit, type VisitOptions } from '../src/browser.ts';
import { type House, type HouseOptions, startHouse } from '../src/house.ts';

/**
 * Starts a house and a browser for all tests of a file and tells the house to `opened`. Answers what visits a page of it,
 * by path; a visit is over with the test that made it.
 */
export function openVisits(
  opened: (house: House) => void,
  options: Pick<HouseOptions, 'env'> = {},
): (path: string, options?: Omit<VisitOptions, 'path'>) => Promise<Visit> {
  let house: House;
  let browser: TestBrowser;
  const visits: Visit[] = [];
  beforeAll(async () => {
    [house, browser] = await Promise.all([startHouse({ runtime: 'process', ...options }), startBrowser()]);
    opened(house);
  });
  afterEach(async () => {
    await Promise.all(visits.splice(0).map((visit) => visit.close()));
  });
  afterAll(async () => {
    await browser?.close();
    await house?.dispose();
  });
  return async (path, options = {}) => {
    const made = await browser.visit(house, { path, ...options });
    visits.push(made);
    return made;
  };
}
