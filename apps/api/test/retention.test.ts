import type { WirePage, WirePrediction } from '@hearth/contract';
import { systemNow } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDispatcher, type House, startHouse } from './harness.ts';

let house: House;
let dispatcher: ReturnType<typeof createDispatcher>;
beforeAll(async () => {
  house = await startHouse();
  dispatcher = createDispatcher(house.deps);
  await house.addModel('echo');
});
afterAll(() => house.close());

/** A prediction that has ended and whose data has been removed, as it was before and after. */
async function emptied(status: 'succeeded' | 'failed' | 'canceled') {
  const body = { input: { text: 'hi' } };
  const { body: created } = await house.ask('POST', '/v1/models/hearth/echo/predictions', body);
  const end = { output: ['one', 'two'], logs: 'log', ...(status === 'failed' && { error: 'it broke' }) };
  await dispatcher.finish(await dispatcher.claim(created.id), status, end);
  const { body: before } = await house.ask('GET', `/v1/predictions/${created.id}`);
  await house.store.retention.emptyPredictions(systemNow() + 1, systemNow(), 100);
  return before;
}

describe('a prediction whose data was removed', () => {
  it('is shown with everything but that', async () => {
    const before = await emptied('succeeded');
    const { status, body } = await house.ask('GET', `/v1/predictions/${before.id}`);
    expect(before).toMatchObject({ data_removed: false, output: ['one', 'two'], logs: 'log' });
    expect(status).toBe(200);
    expect(body).toEqual({ ...before, data_removed: true, input: {}, output: null, logs: '' });
    const { body: page } = await house.ask<WirePage<WirePrediction>>('GET', '/v1/predictions');
    expect(page.results.find(({ id }) => id === before.id)).toEqual(body);
  });

  it('keeps its error, and is canceled in vain', async () => {
    const { id } = await emptied('failed');
    const { status, body } = await house.ask('POST', `/v1/predictions/${id}/cancel`);
    expect([status, body.status, body.error, body.data_removed]).toEqual([200, 'failed', 'it broke', true]);
  });

  it.each([
    ['succeeded', 'event: done'],
    ['canceled', 'event: done'],
    ['failed', 'event: error\nevent: done'],
  ] as const)('that %s streams nothing but its end', async (status, events) => {
    const { urls } = await emptied(status);
    const { text } = await house.ask('GET', urls.stream.replace('http://hearth.test', ''));
    expect(
      text
        .split('\n')
        .filter((line) => line.startsWith('event:'))
        .join('\n'),
    ).toBe(events);
  });
});
