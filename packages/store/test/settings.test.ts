import { testDatabase } from '@hearth/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createStore, type Store } from '../src/index.ts';

let store: Store;
let close: () => Promise<void>;
beforeAll(async () => {
  const database = await testDatabase();
  store = await createStore({ url: database.url });
  close = async () => {
    await store.close();
    await database.close();
  };
});
afterAll(() => close());

test('the first value of a setting stays, whoever makes it', async () => {
  const values = await Promise.all(
    Array.from({ length: 8 }, (_, n) => store.settings.ensure('signing-secret', () => `secret ${n}`)),
  );
  expect(new Set(values).size).toBe(1);
  expect(await store.settings.ensure('signing-secret', () => 'another')).toBe(values[0]);
});

test('settings do not share a value', async () => {
  expect(await store.settings.ensure('installation', () => 'here')).toBe('here');
});
