import { newWebhookSecret, systemNow } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Store } from '../src/index.ts';
import { openWorld, unique, type World } from './world.ts';

let world: World;
let store: Store;
beforeAll(async () => {
  world = await openWorld();
  store = world.store;
});
afterAll(() => world.close());

describe('webhook secrets', () => {
  const account = async () => (await store.accounts.ensure({ type: 'user', username: unique('user'), name: 'U' })).id;

  test('after a change, the new one and the one before it sign until its time is over', async () => {
    const id = await account();
    const [first = ''] = await store.accounts.webhookSecrets(id, newWebhookSecret);
    const [second, third] = [newWebhookSecret(), newWebhookSecret()];
    await store.accounts.rotateWebhookSecret(id, second, systemNow() + 60_000);
    expect(await store.accounts.webhookSecrets(id, newWebhookSecret)).toEqual([second, first]);
    await store.accounts.rotateWebhookSecret(id, third, systemNow() - 1);
    expect(await store.accounts.webhookSecrets(id, newWebhookSecret)).toEqual([third]);
  });

  test('a change before the first sight leaves nothing that signs beside it', async () => {
    const id = await account();
    const only = newWebhookSecret();
    await store.accounts.rotateWebhookSecret(id, only, systemNow() + 60_000);
    expect(await store.accounts.webhookSecrets(id, newWebhookSecret)).toEqual([only]);
  });
});
