import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startBrowser, type TestBrowser } from '../src/browser.ts';
import { startHouse } from '../src/house.ts';
import { SHOTS, type Shot } from './pages.ts';
import { furnish, type World } from './world.ts';

const USAGE = `usage: pnpm screenshots [NAME…] [--out FOLDER]
Photographs every page of the web UI, or those whose names begin with NAME, at 1440 and 390 px, light and dark, on a Hearth
of its own with something in it. Default folder: .hearth/screenshots`;

const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const;
const SCHEMES = ['light', 'dark'] as const;

async function photograph(browser: TestBrowser, world: World, shot: Shot, folder: string): Promise<void> {
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of SCHEMES) {
      const { page, problems, close } = await browser.visit(world.house, {
        path: typeof shot.path === 'string' ? shot.path : shot.path(world),
        viewport,
        colorScheme,
        // What moves would be in another place in every picture.
        reducedMotion: 'reduce',
        deviceScaleFactor: size === 'phone' ? 2 : 1,
        ...(shot.signedOut && { token: null }),
      });
      await page.getByRole('heading', { level: 1 }).waitFor();
      await shot.prepare?.(page, world);
      await page.screenshot({ path: join(folder, `${shot.name}-${size}-${colorScheme}.png`) });
      tellOverflow(shot, size, await page.evaluate<number>('document.documentElement.scrollWidth'), viewport.width);
      for (const problem of problems) console.error(`${shot.name} (${size}, ${colorScheme}): ${problem}`);
      await close();
    }
  }
  console.log(shot.name);
}

function tellOverflow({ name }: Shot, size: string, widthPx: number, roomPx: number): void {
  if (widthPx > roomPx)
    console.error(`${name} (${size}): ${widthPx} px wide, ${widthPx - roomPx} px more than there is`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: 'string', default: '.hearth/screenshots' }, help: { type: 'boolean' } },
  });
  const shots = SHOTS.filter(
    ({ name }) => positionals.length === 0 || positionals.some((start) => name.startsWith(start)),
  );
  if (values.help || shots.length === 0) return console.log(USAGE);
  const folder = resolve(values.out);
  mkdirSync(folder, { recursive: true });
  const browser = await startBrowser();
  const house = await startHouse({ runtime: 'process' });
  try {
    const world = await furnish(house);
    for (const shot of shots) {
      try {
        await photograph(browser, world, shot, folder);
      } catch (error) {
        // The other pages are still worth a picture.
        console.error(`${shot.name}: ${String(error)}`);
        process.exitCode = 1;
      }
    }
    console.log(`in ${folder}`);
  } finally {
    await browser.close();
    await house.dispose();
  }
}

await main();
