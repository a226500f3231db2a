import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type House, startHouse } from './harness.ts';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.close());

it('docs/guides/api.md has every endpoint, and no other', async () => {
  const { body } = await house.ask<{ paths: Record<string, object> }>('GET', '/openapi.json');
  const served = Object.entries(body.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const guide = readFileSync(join(import.meta.dirname, '../../../docs/guides/api.md'), 'utf8');
  const described = [...guide.matchAll(/^\| ([A-Z]+) \| `(\/v1\/[^`]+)` \|/gm)].map(
    ([, method, path]) => `${method} ${path}`,
  );
  expect(described.toSorted()).toEqual(served.filter((route) => route.includes(' /v1/')).toSorted());
});
