import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KEEP_ALIVE_MS, openHouse, type TestHouse } from './house.ts';

let house: TestHouse;
beforeEach(async () => {
  house = await openHouse();
  house.runtime.define('/ocr', { setupMs: 500, setup: 'ok' });
});
afterEach(() => house.close());

/** As the api does. */
async function ask(id: string, what: 'drain' | 'stop'): Promise<void> {
  expect(await house.store.instances.ask(id, what, 'ada', house.clock.now())).toBe(true);
  house.bus.poke('scheduler');
}

describe('an operator', () => {
  it('drains an instance, which finishes what it holds, while what waits gets another', async () => {
    const ocr = await house.deploy('ocr');
    await house.start();
    const running = await house.predict(ocr);
    const first = await house.inState(ocr, 'ready');
    await house.claim(running, first);
    await ask(first.id, 'drain');
    expect(await house.inState(ocr, 'draining')).toMatchObject({ id: first.id, reason: 'ada asked for it.' });
    expect(house.runtime.stopped).toEqual([]);
    await house.predict(ocr);
    const second = await house.inState(ocr, 'ready');
    expect(second.id).not.toBe(first.id);
    await house.finish(running, first);
    await house.closeIntake(first);
    await house.inState(ocr, 'stopped');
    expect(house.runtime.stopped).toEqual([first.id]);
  });

  it('stops an instance at once, though it holds a prediction', async () => {
    const ocr = await house.deploy('ocr');
    await house.start();
    const running = await house.predict(ocr);
    const ready = await house.inState(ocr, 'ready');
    await house.claim(running, ready);
    await ask(ready.id, 'stop');
    await house.inState(ocr, 'stopped');
    expect(house.runtime.stopped).toEqual([ready.id]);
  });

  it('ends a boot', async () => {
    house.runtime.define('/slow', { setupMs: 10 * KEEP_ALIVE_MS, setup: 'ok' });
    const slow = await house.deploy('slow', { minInstances: 0 });
    await house.start();
    await house.predict(slow);
    const { id } = await house.inState(slow, 'booting');
    await ask(id, 'drain');
    await house.until('the boot to be over', async () => (await house.store.instances.get(id))?.state === 'stopped');
  });

  it('keeps a deployment warm for as long as asked, and no longer', async () => {
    // The store looks at what is kept warm by its own clock.
    house.clock.advance(Date.now() - house.clock.now());
    const ocr = await house.deploy('ocr');
    const scheduler = await house.start();
    await house.store.deployments.keepWarm(ocr.id, house.clock.now() + 3 * KEEP_ALIVE_MS);
    house.bus.poke('scheduler');
    const ready = await house.inState(ocr, 'ready');
    expect(ready.reason).toContain('At least 1 is kept.');
    house.clock.advance(2 * KEEP_ALIVE_MS);
    await scheduler.idle();
    expect((await house.store.instances.get(ready.id))?.state).toBe('ready');
    house.clock.advance(2 * KEEP_ALIVE_MS);
    await house.inState(ocr, 'draining');
  });
});
