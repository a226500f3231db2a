import type { TestBrowser, Visit } from '../src/browser.ts';
import type { Shot } from './pages.ts';
import type { World } from './world.ts';

export const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const;
export const SCHEMES = ['light', 'dark'] as const;

export interface Look {
  readonly size: keyof typeof SIZES;
  readonly scheme: (typeof SCHEMES)[number];
}

/** Visits a page and does what it is to be seen after. Close it. */
export async function openShot(browser: TestBrowser, world: World, shot: Shot, { size, scheme }: Look): Promise<Visit> {
  const visit = await browser.visit(world.house, {
    path: typeof shot.path === 'string' ? shot.path : shot.path(world),
    viewport: SIZES[size],
    colorScheme: scheme,
    // What moves would be in another place in every picture.
    reducedMotion: 'reduce',
    deviceScaleFactor: size === 'phone' ? 2 : 1,
    ...(shot.signedOut && { token: null }),
    ...(shot.as && { token: shot.as(world) }),
  });
  await visit.page.getByRole('heading', { level: 1 }).first().waitFor();
  await shot.prepare?.(visit.page, world);
  return visit;
}

/** What is wrong with an open page: what the browser complains of, and a page wider than its window. */
export async function faultsOf(visit: Visit, shot: Shot, { size }: Look): Promise<string[]> {
  const faults = visit.problems.filter((problem) => !shot.complaint?.test(problem));
  const widthPx = await visit.page.evaluate<number>('document.documentElement.scrollWidth');
  if (widthPx > SIZES[size].width) faults.push(`it is ${widthPx} px wide, and there are ${SIZES[size].width}`);
  return faults;
}
