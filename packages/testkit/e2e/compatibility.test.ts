import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CATALOGUE_CHECKS } from './compatibility/catalogue-checks.ts';
import { type Check, methodsOf } from './compatibility/check.ts';
import { PREDICTION_CHECKS } from './compatibility/prediction-checks.ts';
import { RUN_CHECKS } from './compatibility/run-checks.ts';
import { compatibilityPage, type Outcome } from './compatibility/table.ts';
import { TRAINING_CHECKS } from './compatibility/training-checks.ts';
import { openWorld, type World } from './compatibility/world.ts';

const PAGE = join(import.meta.dirname, '../../../docs/compatibility.md');
const CHECKS: readonly Check[] = [...RUN_CHECKS, ...PREDICTION_CHECKS, ...CATALOGUE_CHECKS, ...TRAINING_CHECKS];

const { version } = createRequire(import.meta.url)('replicate/package.json') as { version: string };

describe("the official JavaScript client's", () => {
  let world: World;
  const outcomes: Outcome[] = [];
  beforeAll(async () => {
    world = await openWorld();
  }, 240_000);
  afterAll(async () => {
    await world?.close();
  });

  it('every method has a check', () => {
    expect([...new Set(CHECKS.map(({ method }) => method))].toSorted()).toEqual(methodsOf(world.client()));
  });

  it.each(CHECKS)('$method: $how', async (check) => {
    try {
      await check.holds(world);
      outcomes.push({ check, error: null });
    } catch (error) {
      const [firstLine = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
      outcomes.push({ check, error: firstLine });
      throw error;
    }
  });

  it('methods are what docs/compatibility.md says', async () => {
    const page = compatibilityPage(version, outcomes);
    if (process.env.HEARTH_WRITE_DOCS === '1') await writeFile(PAGE, page);
    else expect(await readFile(PAGE, 'utf8')).toBe(page);
  });
});
