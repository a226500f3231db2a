import { createPredictionUrls, wirePrediction } from '@hearth/contract';
import { newWebhookSecret, systemNow } from '@hearth/kit';
import type { NewPrediction } from '@hearth/store';
import { type Receiver, refusedByPython, startReceiver } from '@hearth/testkit';
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

const secrets = () => world.store.accounts.webhookSecrets(world.accountId, newWebhookSecret);
const messagesOf = (predictionId: string) => world.store.messages.list({ predictionId, limit: 100 });
const told = (over: Partial<NewPrediction> = {}) => world.predict({}, { webhook: receiver.url, ...over });
/** What `GET /predictions/{id}` answers, before it is written as JSON. */
const shown = async (id: string) =>
  wirePrediction(
    await world.get(id),
    createPredictionUrls('http://hearth.test', (subject, expiresAt) => world.signer.sign(subject, expiresAt)),
  );
const settled = (id: string, state: string) =>
  eventually(async () => {
    const messages = await messagesOf(id);
    expect(messages.map((message) => message.state)).toEqual(messages.map(() => state));
    expect(messages).not.toEqual([]);
    return messages;
  });

describe('the end of a prediction', () => {
  it('is told once, signed, with exactly what GET answers', async () => {
    await world.dispatch();
    const { model } = await world.stage();
    const id = await told({ webhook: `${receiver.url}?order=7` });
    await (await model.next()).report({ status: 'succeeded', output: { zebra: 1, text: 'é\u0000' }, logs: 'done\n' });
    const [delivery] = await receiver.atLeast(1);
    expect(delivery?.path).toBe('/hook?order=7');
    expect(delivery?.headers).toMatchObject({ 'content-type': 'application/json' });
    expect(delivery?.text).toBe(JSON.stringify(await shown(id)));
    expect(delivery?.prediction).toMatchObject({ id, status: 'succeeded', output: { zebra: 1 }, logs: 'done\n' });
    const [secret = ''] = await secrets();
    expect(delivery && refusedByPython(delivery, secret)).toBeNull();
    expect(delivery && refusedByPython(delivery, newWebhookSecret())).toBe('no signature matches');
    expect(await settled(id, 'delivered')).toMatchObject([
      { id: delivery?.headers['webhook-id'], event: 'completed', log: [{ n: 1, statusCode: 200, error: null }] },
    ]);
  });

  it('reaches a receiver that answers 500 twice, then 200, under one id; the log has all three tries', async () => {
    receiver.reply = (n) => (n < 2 ? { status: 500, body: `out of order (${n})` } : { status: 200, body: 'thanks' });
    await world.dispatch();
    const { model } = await world.stage();
    const id = await told();
    await (await model.next()).report({ status: 'succeeded', output: 'hi' });
    const deliveries = await receiver.atLeast(3);
    const [secret = ''] = await secrets();
    for (const delivery of deliveries) {
      expect(refusedByPython(delivery, secret)).toBeNull();
      expect(delivery.text).toBe(deliveries[0]?.text);
    }
    expect(new Set(deliveries.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(deliveries.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(3);
    expect(await settled(id, 'delivered')).toMatchObject([
      {
        tries: 3,
        log: [
          { n: 1, statusCode: 500, answer: 'out of order (0)' },
          { n: 2, statusCode: 500, answer: 'out of order (1)' },
          { n: 3, statusCode: 200, answer: 'thanks' },
        ],
      },
    ]);
    expect(receiver.deliveries).toHaveLength(3);
  });

  it.each([
    ['canceled before it started', (id: string) => world.cancel(id), 'canceled', null],
    ['late for its deadline', () => Promise.resolve(), 'canceled', 'The deadline passed before it could start.'],
  ])('is told of one that was %s', async (why, end, status, error) => {
    await world.dispatch();
    const id = await told({ deadlineAt: why.startsWith('late') ? systemNow() : null });
    await end(id);
    const [delivery] = await receiver.atLeast(1);
    expect(delivery?.prediction).toMatchObject({ id, status, error });
    expect(delivery?.text).toBe(JSON.stringify(await shown(id)));
  });

  it('is told of one whose instance cannot boot', async () => {
    const id = await told();
    const at = systemNow();
    const message = 'no module named torch';
    await world.store.deployments.setStatus([
      {
        deploymentId: world.deployment.id,
        blockedReason: null,
        blockedDetail: null,
        failure: { kind: 'setup_error', phase: 'setup', message, logTail: 'Traceback', exitCode: 1, at },
        consecutiveFailures: 1,
        retryAt: at + 60_000,
        failWaitingUntil: at + 60_000,
      },
    ]);
    await world.dispatch();
    const [delivery] = await receiver.atLeast(1);
    expect(delivery?.prediction).toMatchObject({ id, status: 'failed', error: 'no module named torch (setup_error)' });
  });

  it('that an earlier dispatcher wrote and did not live to tell is told by the next', async () => {
    const id = await told();
    await world.store.predictions.finish(id, null, { status: 'failed', error: 'x', completedAt: systemNow() }, null);
    await world.dispatch();
    const [delivery] = await receiver.atLeast(1);
    expect(delivery?.prediction).toMatchObject({ id, status: 'failed' });
    await settled(id, 'delivered');
  });

  it('that an earlier dispatcher died of telling is told again when its claim is over', async () => {
    const id = await told();
    await world.store.predictions.finish(id, null, { status: 'canceled', completedAt: systemNow() }, null);
    const held = { until: systemNow() + 300, limit: 1, perReceiver: 1, held: new Map<string, number>() };
    expect(await world.store.messages.claim(systemNow(), held)).toHaveLength(1);
    await world.dispatch();
    await receiver.atLeast(1);
    expect(await settled(id, 'delivered')).toMatchObject([
      {
        tries: 2,
        log: [
          { n: 1, durationMs: null },
          { n: 2, statusCode: 200 },
        ],
      },
    ]);
    expect(receiver.deliveries).toHaveLength(1);
  });

  it('that is being told when its dispatcher closes is told by the next, at once', async () => {
    receiver.reply = (n) => (n === 0 ? 'hold' : { status: 200 });
    const first = await world.dispatch();
    const id = await told();
    await world.cancel(id);
    await receiver.atLeast(1);
    await first.close();
    expect(await messagesOf(id)).toMatchObject([
      { state: 'pending', log: [{ statusCode: null, error: 'the dispatcher closed before there was an answer' }] },
    ]);
    await world.dispatch();
    await receiver.atLeast(2);
    await settled(id, 'delivered');
  });

  it('is not taken elsewhere by a redirect, and the log says where that led', async () => {
    receiver.reply = (n) =>
      n === 0 ? { status: 301, headers: { location: '/hook/' } } : { status: 200, body: 'a'.repeat(5_000) };
    await world.dispatch();
    const id = await told();
    await world.cancel(id);
    await receiver.atLeast(2);
    expect(receiver.deliveries.map(({ path }) => path)).toEqual(['/hook', '/hook']);
    expect(await settled(id, 'delivered')).toMatchObject([
      {
        log: [
          { statusCode: 301, error: `it redirects to ${receiver.url}/, and redirects are not followed` },
          { statusCode: 200, answer: 'a'.repeat(1_024) },
        ],
      },
    ]);
  });

  it('is tried again where nobody listens, and where no answer comes in time', async () => {
    await receiver.close();
    await world.dispatch({ webhookTimeoutMs: 300 });
    const id = await told();
    await world.cancel(id);
    await eventually(async () => expect((await messagesOf(id))[0]?.log[0]?.error).toMatch(/ECONNREFUSED/));
    receiver = await startReceiver(Number(new URL(receiver.url).port));
    receiver.reply = (n) => (n === 0 ? 'hold' : { status: 200 });
    await receiver.atLeast(2);
    expect((await settled(id, 'delivered'))[0]?.log.map(({ error }) => error)).toContain('no answer within 0.3 s');
  });
});

describe('two dispatchers at once', () => {
  it('send each message once', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => told()));
    const end = { status: 'canceled', completedAt: systemNow() } as const;
    for (const id of ids) await world.store.predictions.finish(id, null, end, null);
    await Promise.all([world.dispatch(), world.dispatch()]);
    await receiver.atLeast(20);
    for (const id of ids) expect(await settled(id, 'delivered')).toMatchObject([{ tries: 1 }]);
    expect(new Set(receiver.deliveries.map(({ prediction }) => prediction.id))).toEqual(new Set(ids));
    expect(receiver.deliveries).toHaveLength(20);
  });
});

describe('secrets while they change', () => {
  it('both sign', async () => {
    await world.dispatch();
    const [old = ''] = await secrets();
    const changed = newWebhookSecret();
    await world.store.accounts.rotateWebhookSecret(world.accountId, changed, systemNow() + 60_000);
    await world.cancel(await told());
    const [delivery] = await receiver.atLeast(1);
    for (const secret of [old, changed]) expect(delivery && refusedByPython(delivery, secret)).toBeNull();
    expect(delivery?.headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);
  });
});

describe('a message that is asked for again', () => {
  it('comes once more under its id, and the log has both', async () => {
    await world.dispatch();
    const id = await told();
    await world.cancel(id);
    await receiver.atLeast(1);
    const [message] = await settled(id, 'delivered');
    await world.store.messages.resend(id, message?.id ?? '', systemNow());
    world.transport.bus.poke('dispatcher');
    const deliveries = await receiver.atLeast(2);
    expect(new Set(deliveries.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([message?.id]));
    await eventually(async () =>
      expect(await messagesOf(id)).toMatchObject([{ state: 'delivered', log: [{ n: 1 }, { n: 2, statusCode: 200 }] }]),
    );
  });
});

describe('a receiver that never answers', () => {
  it('holds up no other, no run and no closing', async () => {
    const other = await startReceiver();
    try {
      receiver.reply = () => 'hold';
      const dispatcher = await world.dispatch();
      const deaf = await Promise.all(Array.from({ length: 20 }, () => told()));
      for (const id of deaf) await world.cancel(id);
      await receiver.atLeast(8);
      const { model } = await world.stage();
      const id = await told({ webhook: other.url });
      await (await model.next()).report({ status: 'succeeded', output: 'x' });
      const [delivery] = await other.atLeast(1);
      expect(delivery?.prediction).toMatchObject({ id, status: 'succeeded' });
      expect(receiver.deliveries, 'no more at once than its share').toHaveLength(8);
      const startedAt = performance.now();
      await dispatcher.close();
      expect(performance.now() - startedAt).toBeLessThan(5_000);
    } finally {
      await other.close();
    }
  });
});
