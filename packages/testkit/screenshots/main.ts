import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startBrowser, type TestBrowser } from '../src/browser.ts';
import { startHouse } from '../src/house.ts';
import { faultsOf, type Look, openShot, SCHEMES, SIZES } from './open.ts';
import { SHOTS, type Shot } from './pages.ts';
import { furnish, type World } from './world.ts';

const USAGE = `usage: pnpm screenshots [NAME…] [--out FOLDER]
Photographs every page of the web UI, or those whose names begin with NAME, at 1440 and 390 px, light and dark, on a Hearth
of its own with something in it. Default folder: .hearth/screenshots`;

async function photograph(browser: TestBrowser, world: World, shot: Shot, folder: string): Promise<void> {
  for (const size of Object.keys(SIZES) as Look['size'][]) {
    for (const scheme of SCHEMES) {
      const look = { size, scheme };
      const visit = await openShot(browser, world, shot, look);
      await visit.page.screenshot({ path: join(folder, `${shot.name}-${size}-${scheme}.png`) });
      for (const fault of await faultsOf(visit, shot, look))
        console.error(`${shot.name} (${size}, ${scheme}): ${fault}`);
      await visit.close();
    }
  }
  console.log(shot.name);
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
