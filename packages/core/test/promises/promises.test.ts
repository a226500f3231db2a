import { describe, it } from 'vitest';
import * as core from '../../src/index.ts';
import { PROMISES } from './promises.ts';

describe('whatever the fleet', () => {
  it.each(Object.entries(PROMISES))('%s', { timeout: 60_000 }, (_name, holds) => {
    holds(core, { numRuns: 300 });
  });
});
