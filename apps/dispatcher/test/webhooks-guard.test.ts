import { createOutboundGuard, type OutboundGuardOptions } from '@hearth/kit';
import { type Receiver, startReceiver } from '@hearth/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWebhookPost, type WebhookPost } from '../src/webhooks/webhook-post.ts';
import { type NameServer, startNameServer } from './name-server.ts';
import { createWorld, eventually, type World } from './world.ts';

const PUBLIC = '93.184.215.14';
const CLOSED = { allow: [], loopback: false, own: [], machine: [] };
const OPEN = { ...CLOSED, loopback: true };

let receiver: Receiver;
const posts: WebhookPost[] = [];
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  await receiver.close();
  await Promise.all(posts.splice(0).map((post) => post.close()));
});

function post(url: string, guard: OutboundGuardOptions) {
  const made = createWebhookPost(5_000, createOutboundGuard(guard));
  posts.push(made);
  return made.send(url, { 'content-type': 'application/json' }, '{}', new AbortController().signal);
}

describe('a webhook to where it may not go', () => {
  it.each(['127.0.0.1', 'localhost', '0x7f.1', '2130706433', '[::ffff:127.0.0.1]', '0.0.0.0', '169.254.169.254'])(
    '%s is not sent',
    async (host) => {
      const outcome = await post(`http://${host}:${new URL(receiver.url).port}/hook`, { rules: CLOSED });
      expect(outcome).toMatchObject({
        statusCode: null,
        error: expect.stringMatching(/^it leads to .+ does not open/),
      });
      expect(receiver.deliveries).toEqual([]);
    },
  );

  it('is not sent to where another server redirects it', async () => {
    const other = await startReceiver();
    const location = other.url;
    receiver.reply = () => ({ status: 307, headers: { location } });
    const outcome = await post(receiver.url, { rules: OPEN });
    expect(outcome).toMatchObject({ statusCode: 307, error: expect.stringContaining('redirects are not followed') });
    expect(other.deliveries).toEqual([]);
    await other.close();
  });
});

describe('a name that is bound to something else meanwhile', () => {
  let names: NameServer;
  beforeAll(async () => {
    names = await startNameServer((name, nth) => {
      if (name === 'rebinds.test') return nth === 0 ? [PUBLIC] : ['127.0.0.1'];
      if (name === 'both.test') return [PUBLIC, '127.0.0.1'];
      return nth === 0 ? ['127.0.0.1'] : ['10.0.0.1'];
    });
  });
  afterAll(() => names.close());

  it('passed the look at it and is refused at the connection', async () => {
    const guard = { rules: CLOSED, resolve: names.resolve };
    const url = receiver.url.replace('127.0.0.1', 'rebinds.test');
    expect(await createOutboundGuard(guard).whyRefused(url)).toBeNull();
    const outcome = await post(url, guard);
    expect(outcome.error).toMatch('it leads to rebinds.test, which is 127.0.0.1');
    expect(receiver.deliveries).toEqual([]);
  });

  it('is refused where only one of its addresses is bad', async () => {
    const outcome = await post(receiver.url.replace('127.0.0.1', 'both.test'), {
      rules: CLOSED,
      resolve: names.resolve,
    });
    expect(outcome.error).toMatch('it leads to both.test, which is 127.0.0.1');
  });

  it('is connected to where it was judged to lead, and not asked for again', async () => {
    const outcome = await post(receiver.url.replace('127.0.0.1', 'once.test'), { rules: OPEN, resolve: names.resolve });
    expect(outcome).toMatchObject({ statusCode: 200, error: null });
    expect(receiver.deliveries[0]?.headers.host).toMatch(/^once\.test:/);
    expect(names.asked.filter((name) => name === 'once.test')).toHaveLength(1);
  });
});

describe('in the log of deliveries', () => {
  let world: World;
  beforeEach(async () => {
    world = await createWorld();
  });
  afterEach(() => world.close());

  it('a webhook to a model server is there with the reason, and was not sent', async () => {
    const { model } = await world.stage();
    await world.dispatch();
    const id = await world.predict({}, { webhook: `${model.url}/predictions`, webhookEventsFilter: ['start'] });
    const log = await eventually(async () => {
      const [message] = await world.store.messages.list({ predictionId: id, limit: 10 });
      if (message?.log[0] === undefined) throw new Error('nothing was tried yet');
      return message.log;
    });
    expect(log[0]?.error).toBe(
      `it leads to 127.0.0.1: a port of this platform itself, which Hearth does not open for a URL that it was given.`,
    );
  });
});
