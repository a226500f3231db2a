import type { WireWebhookMessage } from '@hearth/contract';
import Replicate, { type Prediction, validateWebhook } from 'replicate';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually, type House, startHouse } from '../src/house.ts';
import { type Delivery, type Receiver, refusedByPython, startReceiver } from '../src/webhook-receiver.ts';

let house: House;
let replicate: Replicate;
let receiver: Receiver;
let secret: string;

beforeAll(async () => {
  house = await startHouse({ runtime: 'process' });
  replicate = new Replicate({ auth: house.token, baseUrl: `${house.url}/v1` });
  secret = (await replicate.webhooks.default.secret.get()).key;
}, 240_000);
afterAll(async () => {
  await house?.dispose();
});
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

/** As a handler that is given a Request checks it. */
const isGood = ({ headers, text }: Delivery, key = secret): Promise<boolean> =>
  validateWebhook(
    new Request(receiver.url, {
      method: 'POST',
      headers: Object.entries(headers).map(([name, value]) => [name, String(value)]),
      body: text,
    }),
    key,
  );
const stream = (
  text: string,
  more: { rate?: number; filter?: ('start' | 'output' | 'logs' | 'completed')[] } = {},
): Promise<Prediction> =>
  replicate.predictions.create({
    model: 'hearth/stream',
    input: { text, rate: more.rate ?? 100 },
    webhook: receiver.url,
    ...(more.filter && { webhook_events_filter: more.filter }),
  });
const shown = async (id: string): Promise<string> => (await house.request('GET', `/v1/predictions/${id}`)).text();
const messagesOf = async (id: string) =>
  (await house.get<{ results: WireWebhookMessage[] }>(`/v1/predictions/${id}/webhooks`)).results;

describe("webhooks, checked by Replicate's own client", () => {
  it('tell the end, signed, byte for byte what GET answers', async () => {
    const { id } = await stream('to be or not to be', { filter: ['completed'] });
    const [delivery] = await receiver.atLeast(1);
    if (!delivery) throw new Error('nothing came');
    expect(await isGood(delivery)).toBe(true);
    expect(await isGood({ ...delivery, text: delivery.text.replace('not', 'yes') })).toBe(false);
    expect(refusedByPython(delivery, secret)).toBeNull();
    expect(delivery.text).toBe(await shown(id));
    expect(delivery.prediction).toMatchObject({ id, status: 'succeeded', metrics: { words: 6 } });
  });

  it('tell the start, output at most twice a second, and the end last', async () => {
    const { id } = await stream('a b c d e f g h i j k l m n o p', {
      rate: 8,
      filter: ['start', 'output', 'completed'],
    });
    await eventually('the end', async () =>
      receiver.deliveries.some(({ prediction }) => prediction.status === 'succeeded'),
    );
    const { deliveries } = receiver;
    for (const delivery of deliveries) expect(await isGood(delivery)).toBe(true);
    expect(deliveries.map(({ prediction }) => prediction.id)).toEqual(deliveries.map(() => id));
    expect(deliveries.at(-1)?.prediction.status).toBe('succeeded');
    const words = deliveries.map(({ prediction: { output } }) => (Array.isArray(output) ? output.length : 0));
    expect(words).toEqual(words.toSorted((one, other) => one - other));
    expect(words[0]).toBe(0);
    // 2 s of output: three or four messages between the start and the end.
    expect(deliveries.length).toBeGreaterThanOrEqual(4);
    expect(deliveries.length).toBeLessThanOrEqual(7);
  });

  it('come until one is taken: 500 twice, then 200, under one id', async () => {
    receiver.reply = (n) => ({ status: n < 2 ? 500 : 200 });
    const { id } = await stream('again', { filter: ['completed'] });
    const deliveries = await receiver.atLeast(3);
    for (const delivery of deliveries) expect(await isGood(delivery)).toBe(true);
    expect(new Set(deliveries.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    const messages = await eventually('the log', async () => {
      const log = await messagesOf(id);
      return log[0]?.state === 'delivered' && log;
    });
    expect(messages).toMatchObject([
      { event: 'completed', tries: [{ status_code: 500 }, { status_code: 500 }, { status_code: 200 }] },
    ]);
  });

  it('outlive a kill -9 of the dispatcher', async () => {
    await receiver.close();
    const { id } = await stream('still here', { filter: ['completed'] });
    await eventually('a try that nobody answered', async () => (await messagesOf(id))[0]?.tries[0]?.error);
    await house.kill9('dispatcher');
    receiver = await startReceiver(Number(new URL(receiver.url).port));
    const [delivery] = await receiver.atLeast(1);
    expect(delivery && (await isGood(delivery))).toBe(true);
    expect(delivery?.prediction).toMatchObject({ id, status: 'succeeded', output: ['still ', 'here'] });
    expect(delivery?.headers['webhook-id']).toBe((await messagesOf(id))[0]?.id);
  });
});

describe('the command line', () => {
  it('lists, sends again, and shows and changes the secret', async () => {
    expect((await house.hearth('webhooks', 'secret')).stdout.trim()).toBe(secret);
    const changed = (await house.hearth('webhooks', 'secret', '--rotate')).stdout.trim();
    expect(changed).not.toBe(secret);
    const { id } = await stream('once', { filter: ['completed'] });
    const [first] = await receiver.atLeast(1);
    for (const key of [secret, changed]) expect(first && (await isGood(first, key))).toBe(true);
    const messageId = String(first?.headers['webhook-id']);

    const resent = await house.hearth('webhooks', 'resend', id, messageId);
    expect(resent, resent.stderr).toMatchObject({ code: 0, stderr: '' });
    const [, second] = await receiver.atLeast(2);
    expect(second?.headers['webhook-id']).toBe(messageId);
    expect(second?.text).toBe(first?.text);

    await eventually('both tries in the log', async () => (await messagesOf(id))[0]?.tries[1]?.status_code);
    const { stdout } = await house.hearth('webhooks', 'list', id);
    expect(stdout).toMatch(new RegExp(`${messageId} +completed +delivered +1 .*200\\n +2 .*200`));
    expect((await house.hearth('webhooks', 'resend', id, 'msg_x')).stderr).toContain('was not found');
  });
});
