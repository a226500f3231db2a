import { describe, expect, it } from 'vitest';
import { createCoalescer } from '../src/index.ts';

/** A run that ends when told to. */
function gate() {
  const ends: (() => void)[] = [];
  return {
    runs: () => ends.length,
    run: () => new Promise<void>((end) => ends.push(end)),
    end: (n: number) => ends[n]?.(),
  };
}

describe('createCoalescer', () => {
  it('runs at the first trigger, in the same tick', () => {
    const { runs, run } = gate();
    createCoalescer(run).trigger();
    expect(runs()).toBe(1);
  });

  it('makes any number of triggers during a run exactly one more run', async () => {
    const { runs, run, end } = gate();
    const coalescer = createCoalescer(run);
    for (let i = 0; i < 5; i++) coalescer.trigger();
    expect(runs()).toBe(1);
    end(0);
    await Promise.resolve();
    await Promise.resolve();
    expect(runs()).toBe(2);
    end(1);
    await coalescer.idle();
    expect(runs()).toBe(2);
  });

  it('runs again for a trigger after it was idle', async () => {
    let runs = 0;
    const coalescer = createCoalescer(async () => {
      runs++;
    });
    coalescer.trigger();
    await coalescer.idle();
    coalescer.trigger();
    await coalescer.idle();
    expect(runs).toBe(2);
  });

  it('waits for the run in progress when closed, and runs no more', async () => {
    const { runs, run, end } = gate();
    const coalescer = createCoalescer(run);
    coalescer.trigger();
    coalescer.trigger();
    const closing = coalescer.close();
    end(0);
    await closing;
    coalescer.trigger();
    expect(runs()).toBe(1);
  });
});
