import type { WirePage, WireWebhookMessage } from '@hearth/contract';
import { newWebhookSecret, systemNow } from '@hearth/kit';
import { newMessageId } from '@hearth/store';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createDispatcher, type House, type Problem, startHouse } from './harness.ts';

let house: House;
let version: string;
let stranger: string;
const HOOK = 'https://user.test/hook?order=7';

beforeAll(async () => {
  house = await startHouse();
  version = (await house.addModel('echo')).version.id;
  stranger = (await house.addCaller('stranger', 'member')).token;
});
afterAll(() => house.close());

const create = (body: object = {}, token?: string) =>
  house.ask(
    'POST',
    '/v1/predictions',
    { version, input: { text: 'hi' }, webhook: HOOK, ...body },
    { ...(token && { token }) },
  );
/** A prediction that has ended. */
const ended = async (): Promise<string> => {
  const { id } = (await create()).body;
  const dispatcher = createDispatcher(house.deps);
  await dispatcher.finish(await dispatcher.claim(id), 'succeeded', { output: ['hi'] });
  return id;
};
const messagesOf = async (id: string, token?: string) =>
  house.ask<WirePage<WireWebhookMessage>>('GET', `/v1/predictions/${id}/webhooks`, undefined, {
    ...(token && { token }),
  });

describe('a webhook URL', () => {
  it.each([
    ['ftp://user.test/', 'must be an http or https URL'],
    ['user.test/hook', 'must be an http or https URL'],
    ['https://ada:secret@user.test/', 'must not hold a user name or password'],
    ['https://ada@user.test/', 'must not hold a user name or password'],
  ])('%s is refused', async (webhook, why) => {
    const { status, body } = await house.ask<Problem>('POST', '/v1/predictions', {
      version,
      input: { text: 'x' },
      webhook,
    });
    expect(status).toBe(422);
    expect(body.invalid_fields).toMatchObject([{ field: 'webhook', description: expect.stringContaining(why) }]);
  });
});

describe('the secret', () => {
  const secretOf = async (token: string) =>
    (await house.ask<{ key: string }>('GET', '/v1/webhooks/default/secret', undefined, { token })).body.key;

  it("is the account's own, made on first sight, in the alphabet that clients decode", async () => {
    const key = await secretOf(stranger);
    expect(key).toMatch(/^whsec_[A-Za-z0-9+/]{32}$/);
    expect(await secretOf(stranger)).toBe(key);
    expect(await secretOf(house.admin.token)).not.toBe(key);
  });

  it('changes, and the one before it goes on signing for a day', async () => {
    const { token, account } = await house.addCaller('rotating', 'member');
    const before = await secretOf(token);
    const changed = await house.ask<{ key: string }>('POST', '/v1/webhooks/default/secret/rotate', undefined, {
      token,
    });
    expect(changed.status).toBe(200);
    expect(await secretOf(token)).toBe(changed.body.key);
    expect(await house.store.accounts.webhookSecrets(account.id, newWebhookSecret)).toEqual([changed.body.key, before]);
  });
});

describe('what was sent for a prediction', () => {
  it('is listed with every try, newest first, to its owner only', async () => {
    const id = await ended();
    const [end] = await house.store.messages.claim(systemNow(), {
      until: systemNow() + 60_000,
      limit: 9,
      perReceiver: 9,
      held: new Map(),
    });
    await house.store.messages.conclude(
      end?.id ?? '',
      1,
      { statusCode: 301, error: 'it redirects', durationMs: 12, answer: 'Moved' },
      { retryAt: systemNow() + 1_000 },
    );
    const { status, body } = await messagesOf(id);
    expect(status).toBe(200);
    expect(body).toMatchObject({ next: null, previous: null });
    expect(body.results).toEqual([
      {
        id: end?.id,
        event: 'completed',
        url: HOOK,
        state: 'pending',
        created_at: expect.stringMatching(/Z$/),
        next_try_at: expect.stringMatching(/Z$/),
        tries: [
          {
            n: 1,
            at: expect.stringMatching(/Z$/),
            status_code: 301,
            error: 'it redirects',
            duration_ms: 12,
            answer: 'Moved',
          },
        ],
      },
    ]);
    expect((await messagesOf(id, stranger)).status).toBe(404);
  });

  it('comes in pages', async () => {
    const id = await ended();
    const message = { predictionId: id, accountId: house.admin.account.id, event: 'logs', url: HOOK } as const;
    const outcome = { statusCode: 200, error: null, durationMs: 1, answer: '' };
    for (let n = 0; n < 100; n++) {
      const at = systemNow() + n;
      await house.store.messages.record({ ...message, id: newMessageId(at), at }, outcome, 'delivered');
    }
    const first = (await messagesOf(id)).body;
    expect(first.results).toHaveLength(100);
    const rest = await house.ask<WirePage<WireWebhookMessage>>(
      'GET',
      new URL(first.next ?? '').pathname + new URL(first.next ?? '').search,
    );
    expect(rest.body.results).toHaveLength(1);
    expect(new Set([...first.results, ...rest.body.results].map((each) => each.id)).size).toBe(101);
    expect((await house.ask('GET', `/v1/predictions/${id}/webhooks?cursor=nonsense`)).status).toBe(422);
  });
});

describe('sending again', () => {
  it('makes the message due and wakes the dispatcher', async () => {
    const id = await ended();
    const [message] = (await messagesOf(id)).body.results;
    let poked = 0;
    const stop = house.bus.onPoke('dispatcher', () => poked++);
    const before = systemNow();
    const resent = await house.ask<WireWebhookMessage>(
      'POST',
      `/v1/predictions/${id}/webhooks/${message?.id}/resend`,
      '',
    );
    expect(resent.status).toBe(202);
    expect(resent.body).toMatchObject({ id: message?.id, state: 'pending' });
    expect(Date.parse(resent.body.next_try_at ?? '')).toBeGreaterThanOrEqual(before);
    await vi.waitUntil(() => poked > 0, { timeout: 5_000 });
    stop();
  });

  it('is for its owner, and under its own prediction', async () => {
    const id = await ended();
    const other = (await create()).body.id;
    const [message] = (await messagesOf(id)).body.results;
    const path = (prediction: string) => `/v1/predictions/${prediction}/webhooks/${message?.id}/resend`;
    expect((await house.ask('POST', path(id), undefined, { token: stranger })).status).toBe(404);
    expect((await house.ask('POST', path(other))).status).toBe(404);
    expect((await house.ask('POST', path(id))).status).toBe(202);
  });
});
