import type { WebhookEvent } from '@hearth/core';
import { systemNow } from '@hearth/kit';
import type { NewPrediction } from '@hearth/store';
import { type Receiver, startReceiver } from '@hearth/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWorld, eventually, type World } from './world.ts';

let world: World;
let receiver: Receiver;
beforeEach(async () => {
  [world, receiver] = await Promise.all([createWorld(), startReceiver()]);
});
afterEach(async () => {
  await world.close();
  await receiver.close();
});

const SPACING_MS = 500;
const tell = (webhookEventsFilter: WebhookEvent[] | null, over: Partial<NewPrediction> = {}) =>
  world.predict({}, { webhook: receiver.url, webhookEventsFilter, ...over });
/** The events told of a prediction, in the order they were sent, once the last of them is logged. */
const eventsOf = (predictionId: string, count: number) =>
  eventually(async () => {
    const messages = await world.store.messages.list({ predictionId, limit: 100 });
    expect(messages.filter(({ state }) => state !== 'pending')).toHaveLength(count);
    return messages.toReversed().map(({ event }) => event);
  });
const seen = () => receiver.deliveries.map(({ prediction: { status, output, logs } }) => ({ status, output, logs }));

/** A run that reports output and logs, waits until the receiver has what it should by then, and ends. */
async function run(filter: WebhookEvent[] | null, deliveredBefore: number, over: Partial<NewPrediction> = {}) {
  await world.dispatch({ progressMs: 20 });
  const { model } = await world.stage();
  const id = await tell(filter, over);
  const call = await model.next();
  await call.report({ status: 'processing', output: ['a'], logs: 'one\n' });
  await eventually(async () => expect((await world.get(id)).logs).toBe('one\n'));
  await receiver.atLeast(deliveredBefore);
  await call.report({ status: 'succeeded', output: ['a', 'b'], logs: 'one\ntwo\n' });
  await world.ended(id);
  return id;
}

describe('the filter says what is told', () => {
  it.each<[string, WebhookEvent[] | null, WebhookEvent[]]>([
    ['none: output and the end', null, ['output', 'completed']],
    ['start', ['start'], ['start']],
    ['output', ['output'], ['output']],
    ['logs', ['logs'], ['logs']],
    ['the end', ['completed'], ['completed']],
    ['all', ['start', 'output', 'logs', 'completed'], ['start', 'output', 'logs', 'completed']],
  ])('%s', async (_, filter, expected) => {
    const id = await run(filter, expected.filter((event) => event !== 'completed').length);
    expect(await eventsOf(id, expected.length)).toEqual(expected);
    expect(receiver.deliveries).toHaveLength(expected.length);
    expect(new Set(receiver.deliveries.map(({ headers }) => headers['webhook-id'])).size).toBe(expected.length);
  });

  it('an empty one: nothing', async () => {
    const id = await run([], 0);
    // Told after it, by the same dispatcher: what the first had to say would have come.
    const other = await tell(['completed'], { createdAt: systemNow() });
    await world.cancel(other);
    await receiver.atLeast(1);
    expect(receiver.deliveries.map(({ prediction }) => prediction.id)).toEqual([other]);
    expect(await world.store.messages.list({ predictionId: id, limit: 9 })).toEqual([]);
  });

  it('also for a training', async () => {
    const id = await run(['start', 'completed'], 1, { kind: 'training', destination: 'ada/echo' });
    expect(await eventsOf(id, 2)).toEqual(['start', 'completed']);
  });
});

describe('while it runs', () => {
  it('each message carries the prediction as it then stands', async () => {
    await run(['start', 'output', 'completed'], 2);
    await receiver.atLeast(3);
    expect(seen()).toEqual([
      { status: 'processing', output: null, logs: '' },
      { status: 'processing', output: ['a'], logs: 'one\n' },
      { status: 'succeeded', output: ['a', 'b'], logs: 'one\ntwo\n' },
    ]);
    expect(receiver.deliveries[0]?.prediction.started_at).toBeDefined();
    expect(receiver.deliveries[0]?.prediction.completed_at).toBeUndefined();
  });

  it('output and logs come at most every 500 ms each, and the last of them is the newest', async () => {
    await world.dispatch({ progressMs: 20 });
    const { model } = await world.stage();
    const id = await tell(['output', 'logs']);
    const call = await model.next();
    const letters = 'abcdefghijklmnop'.split('');
    for (const n of letters.keys()) {
      const [output, logs] = [letters.slice(0, n + 1), 'line\n'.repeat(n + 1)];
      await call.report({ status: 'processing', output, logs });
      await eventually(async () => expect((await world.get(id)).output).toEqual(output));
    }
    const newest = { status: 'processing', output: letters, logs: 'line\n'.repeat(letters.length) };
    await eventually(() =>
      expect(
        seen().filter(({ output }) => JSON.stringify(output) === JSON.stringify(letters)).length,
      ).toBeGreaterThanOrEqual(2),
    );
    expect(seen().at(-1)).toEqual(newest);
    await eventsOf(id, receiver.deliveries.length);
    const messages = (await world.store.messages.list({ predictionId: id, limit: 100 })).toReversed();
    for (const event of ['output', 'logs']) {
      const times = messages.filter((message) => message.event === event).map(({ createdAt }) => createdAt);
      expect(times.length).toBeGreaterThanOrEqual(2);
      expect(times.length).toBeLessThan(letters.length);
      for (const [n, at] of times.entries())
        if (n > 0) expect(at - (times[n - 1] ?? 0)).toBeGreaterThanOrEqual(SPACING_MS);
    }
  });

  it('what did not change is not told', async () => {
    await world.dispatch({ progressMs: 20, webhookSpacingMs: 10 });
    const { model } = await world.stage();
    const id = await tell(['output', 'logs']);
    const call = await model.next();
    await call.report({ status: 'processing', output: ['a'], logs: '' });
    await receiver.atLeast(1);
    await call.report({ status: 'processing', output: ['a'], logs: 'only this\n' });
    await receiver.atLeast(2);
    await call.report({ status: 'processing', output: ['a', 'b'], logs: 'only this\n' });
    await receiver.atLeast(3);
    expect(await eventsOf(id, 3)).toEqual(['output', 'logs', 'output']);
  });

  it('none is tried again', async () => {
    receiver.reply = () => ({ status: 500 });
    const id = await run(['start', 'output'], 2);
    expect(await eventsOf(id, 2)).toEqual(['start', 'output']);
    expect(await world.store.messages.nextDue()).toBeNull();
    expect(await world.store.messages.list({ predictionId: id, limit: 9 })).toMatchObject([
      { state: 'failed', log: [{ statusCode: 500 }] },
      { state: 'failed', log: [{ statusCode: 500 }] },
    ]);
  });
});

describe('the order', () => {
  it('of 30 fast predictions: nothing follows the end', async () => {
    await world.dispatch({ progressMs: 1, webhookSpacingMs: 1 });
    const { model } = await world.stage({ slots: 4 });
    const ids = await Promise.all(Array.from({ length: 30 }, () => tell(['start', 'output', 'logs', 'completed'])));
    for (let n = 0; n < ids.length; n++) {
      const call = await model.next();
      void call.report({ status: 'processing', output: ['a'], logs: 'a' });
      await call.report({ status: 'succeeded', output: ['a', 'b'], logs: 'ab' });
    }
    for (const id of ids) await eventually(() => expect(endsOf(id)).toHaveLength(1));
    for (const id of ids) {
      const told = receiver.deliveries.filter(({ prediction }) => prediction.id === id);
      expect(told.map(({ prediction }) => prediction.status).indexOf('succeeded')).toBe(told.length - 1);
    }
  });
  const endsOf = (id: string) =>
    receiver.deliveries.filter(({ prediction }) => prediction.id === id && prediction.status === 'succeeded');

  it('a receiver that thinks too long about the start is told the end, and no more of the start', async () => {
    receiver.reply = (_, { prediction }) => (prediction.status === 'processing' ? 'hold' : { status: 200 });
    await world.dispatch();
    const { model } = await world.stage();
    const id = await tell(['start', 'output', 'completed']);
    const call = await model.next();
    await receiver.atLeast(1);
    await call.report({ status: 'succeeded', output: ['a'] });
    await receiver.atLeast(2);
    expect(seen().map(({ status }) => status)).toEqual(['processing', 'succeeded']);
    await eventually(async () =>
      expect(await world.store.messages.list({ predictionId: id, limit: 9 })).toMatchObject([
        { event: 'completed', state: 'delivered' },
        { event: 'start', state: 'failed', log: [{ error: 'the prediction ended before there was an answer' }] },
      ]),
    );
  });

  it('a start is told again for another attempt', async () => {
    await world.dispatch();
    const { model, instance } = await world.stage();
    const id = await tell(['start', 'completed']);
    await model.next();
    await receiver.atLeast(1);
    const second = await world.stage();
    await world.fail(instance, { kind: 'lost', message: 'the host went away' });
    await (await second.model.next()).report({ status: 'succeeded', output: 'x' });
    expect(await eventsOf(id, 3)).toEqual(['start', 'start', 'completed']);
  });
});
