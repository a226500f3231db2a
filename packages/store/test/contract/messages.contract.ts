import { newWebhookSecret, systemNow } from '@hearth/kit';
import { describe, expect, test } from 'vitest';
import type { DeploymentRow, MessageLimits, NewPrediction, Store, TryOutcome } from '../../src/index.ts';
import { addDeployment, newPrediction, unique } from '../world.ts';
import { INSTANCE, type OpenStore, onOneStore } from './under-test.ts';

/** What users are told, and who tries to tell them. */
export function messagesContract(open: OpenStore): void {
  let store: Store;
  let deployment: DeploymentRow;
  const at = systemNow();
  onOneStore(open, async (world) => {
    store = world.store;
    deployment = await addDeployment(store);
  });

  const host = () => `${unique('receiver')}.test`;
  const limits = (change: Partial<MessageLimits> = {}): MessageLimits => ({
    until: at + 30_000,
    limit: 100,
    perReceiver: 8,
    held: new Map(),
    ...change,
  });
  const answered = (statusCode: number): TryOutcome => ({ statusCode, error: null, durationMs: 5, answer: 'hm' });

  const canceled = async (change: Partial<NewPrediction> = {}): Promise<string> => {
    const { id } = await store.predictions.insert(newPrediction(deployment, change));
    expect(
      await store.predictions.finish(id, null, { status: 'canceled', completedAt: at }, null),
      'the prediction ends',
    ).not.toBeNull();
    return id;
  };
  const messagesOf = (predictionId: string) => store.messages.list({ predictionId, limit: 10 });
  /** A prediction that has ended, and the message of it. */
  const told = async (url = `https://${host()}/hook`) => {
    const predictionId = await canceled({ webhook: url });
    const [message] = await messagesOf(predictionId);
    if (!message) throw new Error('the end left no message');
    return message;
  };
  /** Claims until nothing is due, and answers those of one receiver. */
  const claimedOf = async (receiver: string, change: Partial<MessageLimits> = {}, now = at) =>
    (await store.messages.claim(now, limits(change))).filter((message) => message.receiver === receiver);

  describe('the end of a prediction', () => {
    test.each([
      ['a webhook without a filter', { webhook: 'https://a.test' }, 1],
      ['a filter that has the end', { webhook: 'https://a.test', webhookEventsFilter: ['logs', 'completed'] }, 1],
      ['a filter without the end', { webhook: 'https://a.test', webhookEventsFilter: ['start', 'output', 'logs'] }, 0],
      ['an empty filter', { webhook: 'https://a.test', webhookEventsFilter: [] }, 0],
      ['no webhook', { webhookEventsFilter: ['completed'] }, 0],
    ])('with %s', async (_, change, count) => {
      expect(await messagesOf(await canceled(change))).toHaveLength(count);
    });

    test('writes its message with it, to be tried at once', async () => {
      const { id, accountId, ...row } = await store.predictions.insert(
        newPrediction(deployment, { webhook: 'https://user.test:8443/hook?x=1' }),
      );
      await store.predictions.claim({ predictionId: id, attempt: 0 }, INSTANCE, at);
      await store.predictions.finish(id, 1, { status: 'succeeded', completedAt: at + 7 }, null);
      const [message] = await messagesOf(id);
      expect(message).toEqual({
        id: expect.stringMatching(/^msg_[0-9a-z]{26}$/),
        predictionId: id,
        accountId,
        event: 'completed',
        url: row.webhook,
        receiver: 'user.test:8443',
        state: 'pending',
        tries: 0,
        firstTriedAt: null,
        nextTryAt: at + 7,
        createdAt: at + 7,
        log: [],
      });
    });

    test('that another write was first to leaves no second message', async () => {
      const id = await canceled({ webhook: 'https://a.test' });
      expect(await store.predictions.finish(id, null, { status: 'failed', completedAt: at }, null)).toBeNull();
      expect(await messagesOf(id)).toHaveLength(1);
    });
  });

  describe('claim', () => {
    test('of many at once, each message is claimed once, and the try is in the log', async () => {
      const { id, predictionId, receiver } = await told();
      const claims = await Promise.all(Array.from({ length: 6 }, () => claimedOf(receiver)));
      expect(claims.flat()).toMatchObject([{ id, tries: 1, firstTriedAt: at }]);
      expect((await messagesOf(predictionId))[0]?.log).toEqual([
        { messageId: id, n: 1, at, statusCode: null, error: null, durationMs: null, answer: null },
      ]);
    });

    test('is good until it is over; then another may try', async () => {
      const { receiver } = await told();
      await claimedOf(receiver);
      expect(await claimedOf(receiver, {}, at + 29_999)).toEqual([]);
      expect(await claimedOf(receiver, { until: at + 60_000 }, at + 30_000)).toMatchObject([
        { tries: 2, endedTries: 0, firstTriedAt: at },
      ]);
    });

    test('takes no more of a receiver than its share, with what is held', async () => {
      const [busy, free] = [host(), host()];
      for (let n = 0; n < 4; n++) await told(`https://${busy}/${n}`);
      await told(`https://${free}/`);
      const first = await store.messages.claim(at, limits({ perReceiver: 3, held: new Map([[busy, 1]]) }));
      expect(first.filter(({ receiver }) => receiver === busy)).toHaveLength(2);
      expect(first.filter(({ receiver }) => receiver === free)).toHaveLength(1);
      expect(await claimedOf(busy, { perReceiver: 2, held: new Map([[busy, 2]]) })).toEqual([]);
      expect(await claimedOf(busy, { limit: 1 })).toHaveLength(1);
      expect(await claimedOf(busy)).toHaveLength(1);
    });
  });

  describe('conclude', () => {
    test('logs the try and says what follows', async () => {
      const { id, predictionId, receiver } = await told();
      await claimedOf(receiver);
      expect(await store.messages.conclude(id, 1, answered(500), { retryAt: at + 1_000 })).toBe(true);
      expect(await messagesOf(predictionId)).toMatchObject([
        { state: 'pending', nextTryAt: at + 1_000, log: [{ n: 1, ...answered(500) }] },
      ]);
      expect(await claimedOf(receiver, {}, at + 999)).toEqual([]);
      expect(await claimedOf(receiver, {}, at + 1_000)).toMatchObject([{ tries: 2, endedTries: 1 }]);
      expect(await store.messages.conclude(id, 2, answered(200), 'delivered')).toBe(true);
      expect(await messagesOf(predictionId)).toMatchObject([
        { state: 'delivered', nextTryAt: null, log: [answered(500), answered(200)] },
      ]);
      expect(await claimedOf(receiver, {}, at + 999_999)).toEqual([]);
    });

    test('of a try that another has followed is logged, and decides nothing', async () => {
      const { id, predictionId, receiver } = await told();
      await claimedOf(receiver);
      await claimedOf(receiver, { until: at + 60_000 }, at + 30_000);
      const late = { statusCode: null, error: 'a NUL \0 in it', durationMs: 9, answer: null };
      expect(await store.messages.conclude(id, 1, late, 'failed')).toBe(false);
      expect(await messagesOf(predictionId)).toMatchObject([
        { state: 'pending', tries: 2, log: [{ error: 'a NUL \ufffd in it' }, { durationMs: null }] },
      ]);
    });
  });

  describe('resend', () => {
    test('makes a message due again, delivered or not', async () => {
      const { id, predictionId, receiver } = await told();
      await claimedOf(receiver);
      await store.messages.conclude(id, 1, answered(204), 'delivered');
      expect(await store.messages.resend(predictionId, id, at + 5)).toMatchObject({ id, state: 'pending' });
      expect(await claimedOf(receiver, {}, at + 5)).toMatchObject([{ id, tries: 2 }]);
    });

    test('while a try is under way is that try', async () => {
      const { id, predictionId, receiver } = await told();
      await claimedOf(receiver);
      expect(await store.messages.resend(predictionId, id, at + 5)).toMatchObject({ id, tries: 1 });
      expect(await claimedOf(receiver, {}, at + 5)).toEqual([]);
    });

    test('knows a message only under its prediction', async () => {
      const { id } = await told();
      expect(await store.messages.resend(await canceled(), id, at)).toBeNull();
    });
  });

  test('nextDue looks past claims', async () => {
    const own = await open();
    try {
      const home = await addDeployment(own.store);
      expect(await own.store.messages.nextDue()).toBeNull();
      const { id } = await own.store.predictions.insert(newPrediction(home, { webhook: 'https://a.test' }));
      await own.store.predictions.finish(id, null, { status: 'canceled', completedAt: at }, null);
      expect(await own.store.messages.nextDue()).toBe(at);
      await own.store.messages.claim(at, limits());
      expect(await own.store.messages.nextDue()).toBe(at + 30_000);
    } finally {
      await own.close();
    }
  });

  test('record writes a message that was tried once; removeBefore takes the old away with their tries', async () => {
    const predictionId = (await store.predictions.insert(newPrediction(deployment))).id;
    const message = { predictionId, accountId: 'account', event: 'logs', url: 'https://a.test' } as const;
    const [old, young] = [`msg_${'0'.repeat(26)}`, `msg_${'1'.repeat(26)}`];
    await store.messages.record({ ...message, id: old, at: at - 10_000 }, answered(500), 'failed');
    await store.messages.record({ ...message, id: young, at }, answered(200), 'delivered');
    expect(await messagesOf(predictionId)).toMatchObject([
      { id: young, state: 'delivered', tries: 1, nextTryAt: null, log: [{ n: 1, at, statusCode: 200 }] },
      { id: old, state: 'failed', log: [{ n: 1, at: at - 10_000, statusCode: 500, answer: 'hm' }] },
    ]);
    expect(await store.messages.list({ predictionId, limit: 1, before: young })).toMatchObject([{ id: old }]);
    expect(await store.messages.removeBefore(at - 9_999, 10)).toBe(1);
    expect(await messagesOf(predictionId)).toMatchObject([{ id: young }]);
  });

  test('an id is taken once', async () => {
    const { id, predictionId } = await told();
    const again = { id, predictionId, accountId: 'account', event: 'logs', url: 'https://a.test', at } as const;
    await expect(store.messages.record(again, answered(200), 'delivered')).rejects.toThrow(/messages_pkey/);
  });

  test.each([
    ['https://user.test/hook', 'user.test'],
    ['https://user.test:8443?x=1', 'user.test:8443'],
    ['http://127.0.0.1:80/hook', '127.0.0.1:80'],
    ['https://[::1]:9/#x', '[::1]:9'],
  ])('%s is received by %s', async (url, receiver) => {
    expect(await told(url)).toMatchObject({ url, receiver });
  });

  describe('webhook secrets', () => {
    const account = async () => (await store.accounts.ensure({ type: 'user', username: unique('user'), name: 'U' })).id;

    test('are made once, whoever asks first', async () => {
      const id = await account();
      const asked = await Promise.all(
        Array.from({ length: 5 }, () => store.accounts.webhookSecrets(id, newWebhookSecret)),
      );
      expect(new Set(asked.flat()).size).toBe(1);
      expect(asked[0]?.[0]).toMatch(/^whsec_[A-Za-z0-9+/]{32}$/);
      expect(await store.accounts.webhookSecrets('nobody', newWebhookSecret)).toEqual([]);
    });
  });
}
