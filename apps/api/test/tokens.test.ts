import type { WireNewToken, WireToken } from '@hearth/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, startHouse } from './harness.ts';

let house: House;
let ada: Awaited<ReturnType<House['addCaller']>>;
beforeAll(async () => {
  house = await startHouse();
  ada = await house.addCaller('ada', 'member');
});
afterAll(() => house.close());

const as = (token: string) => ({ token });
const status = async (...request: Parameters<House['ask']>) => (await house.ask(...request)).status;

describe('an owner', () => {
  it('makes, sees and removes the tokens of their own account', async () => {
    const made = await house.ask<WireNewToken>('POST', '/v1/tokens', { name: 'laptop', scope: 'admin' }, as(ada.token));
    expect(made).toMatchObject({
      status: 201,
      body: { username: 'ada', member: 'ada', scope: 'admin', operator: false, last_used_at: null },
    });
    const listed = await house.ask<WireToken[]>('GET', '/v1/tokens', undefined, as(made.body.token));
    expect(listed.body.map(({ name }) => name)).toEqual(['laptop', 'test']);
    expect(await status('DELETE', `/v1/tokens/${made.body.id}`, undefined, as(ada.token))).toBe(204);
    expect(await status('GET', '/v1/account', undefined, as(made.body.token))).toBe(401);
  });

  it('makes no operator, and nothing in other accounts', async () => {
    expect(await status('POST', '/v1/tokens', { name: 'x', operator: true }, as(ada.token))).toBe(403);
    expect(await status('POST', '/v1/tokens', { name: 'x', username: 'hearth' }, as(ada.token))).toBe(403);
    expect(await status('GET', '/v1/tokens?username=hearth', undefined, as(ada.token))).toBe(403);
  });

  it('removes no token of others, nor of an operator in their own account', async () => {
    const body = { name: 'boss', username: 'ada', operator: true };
    const boss = await house.ask<WireNewToken>('POST', '/v1/tokens', body);
    const [first] = (await house.ask<WireToken[]>('GET', '/v1/tokens')).body;
    for (const id of [boss.body.id, first?.id]) {
      expect(await status('DELETE', `/v1/tokens/${id}`, undefined, as(ada.token))).toBe(404);
    }
    expect(await status('DELETE', `/v1/tokens/${boss.body.id}`)).toBe(204);
  });
});

describe('an account that comes into being with its first token', () => {
  it('has its first owner, whose the token is', async () => {
    const made = await house.ask('POST', '/v1/tokens', { name: 'x', username: 'new', member: 'new', scope: 'admin' });
    expect(made).toMatchObject({ status: 201, body: { username: 'new', member: 'new' } });
  });

  it('does not where the token is refused', async () => {
    const refused = await house.ask('POST', '/v1/tokens', { name: 'x', username: 'nobody', member: 'bob' });
    expect(refused).toMatchObject({ status: 422, body: { invalid_fields: [{ field: 'member' }] } });
    expect(await house.store.accounts.byUsername('nobody')).toBeNull();
  });
});
