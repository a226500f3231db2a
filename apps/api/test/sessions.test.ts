import type { WireSession, WireToken } from '@hearth/contract';
import { systemNow } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, type Problem, startHouse } from './harness.ts';

const OWN_PAGE = { 'sec-fetch-site': 'same-origin' };
const DAY_MS = 24 * 3_600_000;

let house: House;
let now: number;
beforeAll(async () => {
  now = systemNow();
  house = await startHouse({ deps: (deps) => ({ ...deps, now: () => now }) });
});
afterAll(() => house.close());

const signIn = (token: string, headers: Record<string, string> = OWN_PAGE) =>
  house.app.inject({ method: 'POST', url: '/session', headers, payload: { token } });

/** What a browser would send back. */
async function cookieOf(token: string): Promise<{ cookie: string }> {
  const response = await signIn(token);
  const [cookie] = response.cookies;
  if (cookie === undefined) throw new Error(`no cookie: ${response.body}`);
  return { cookie: `${cookie.name}=${cookie.value}` };
}

const account = (headers: Record<string, string>) => house.app.inject({ method: 'GET', url: '/v1/account', headers });

describe('a session', () => {
  it('begins with a token and stands for it', async () => {
    const response = await signIn(house.admin.token);
    expect(response.json<WireSession>()).toEqual({
      account: { type: 'user', username: 'hearth', name: 'hearth' },
      power: { scope: 'admin', operator: true, member: 'hearth' },
      public_url: 'http://hearth.test',
    });
    const [cookie] = response.cookies;
    expect(cookie).toMatchObject({ name: 'hearth_session', httpOnly: true, sameSite: 'Strict', path: '/' });
    expect(cookie?.value).not.toBe(house.admin.token);
    const headers = { cookie: `hearth_session=${cookie?.value}` };
    expect((await account(headers)).json()).toMatchObject({ username: 'hearth' });
    const who = await house.app.inject({ method: 'GET', url: '/session', headers });
    expect(who.json<WireSession>()).toMatchObject({ power: { operator: true } });
    expect(who.headers['cache-control']).toBe('no-store');
  });

  it('does not begin with a wrong token', async () => {
    const response = await signIn('hth_wrong');
    expect(response.statusCode).toBe(401);
    expect(response.json<Problem>().code).toBe('unauthenticated');
    expect(response.cookies).toEqual([]);
    expect((await signIn('')).statusCode).toBe(422);
  });

  it('is over when its person signs out', async () => {
    const headers = await cookieOf(house.admin.token);
    const out = await house.app.inject({ method: 'DELETE', url: '/session', headers: { ...headers, ...OWN_PAGE } });
    expect(out.statusCode).toBe(204);
    expect(out.cookies).toMatchObject([{ name: 'hearth_session', value: '' }]);
    expect((await account(headers)).statusCode).toBe(401);
    expect((await house.app.inject({ url: '/session', headers })).json()).toMatchObject({ account: null, power: null });
  });

  it('is over with its token', async () => {
    const eve = await house.addCaller('eve', 'member');
    const headers = await cookieOf(eve.token);
    expect((await account(headers)).statusCode).toBe(200);
    const { body: tokens } = await house.ask<WireToken[]>('GET', '/v1/tokens?username=eve');
    await house.ask('DELETE', `/v1/tokens/${tokens[0]?.id}`);
    expect((await account(headers)).statusCode).toBe(401);
  });

  it('lasts 30 days', async () => {
    const headers = await cookieOf(house.admin.token);
    now += 30 * DAY_MS - 1;
    expect((await account(headers)).statusCode).toBe(200);
    now += 5_000;
    expect((await account(headers)).statusCode).toBe(401);
  });

  it('is overruled by a token', async () => {
    const headers = await cookieOf(house.admin.token);
    const ada = await house.addCaller('ada', 'member');
    const answer = await account({ ...headers, authorization: `Bearer ${ada.token}` });
    expect(answer.json()).toMatchObject({ username: 'ada' });
    expect((await account({ ...headers, authorization: 'Bearer wrong' })).statusCode).toBe(401);
  });
});

describe('what changes something', () => {
  const rotate = (headers: Record<string, string>) =>
    house.app.inject({ method: 'POST', url: '/v1/webhooks/default/secret/rotate', headers });

  it.each([
    ['a page of ours, as the browser says', { 'sec-fetch-site': 'same-origin' }, 200],
    ['a page of ours over plain HTTP', { origin: 'http://10.0.0.7:7600', host: '10.0.0.7:7600' }, 200],
    ['a page at the public address, through a proxy', { origin: 'http://hearth.test', host: 'inside:7600' }, 200],
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'http://hearth.test' }, 403],
    ['another port of this host', { 'sec-fetch-site': 'same-site', origin: 'http://hearth.test:8000' }, 403],
    ['another site over plain HTTP', { origin: 'http://elsewhere.test', host: 'hearth.test' }, 403],
    ['a page without an origin', { origin: 'null', host: 'hearth.test' }, 403],
    ['nobody says who', {}, 403],
  ])('by a session, asked for by %s', async (_who, headers, status) => {
    const cookie = await cookieOf(house.admin.token);
    const answer = await rotate({ ...cookie, ...headers });
    expect(answer.statusCode).toBe(status);
    if (status === 403) expect(answer.json<Problem>().code).toBe('cross-site');
  });

  it('may come from anywhere with a token', async () => {
    const headers = { authorization: `Bearer ${house.admin.token}`, 'sec-fetch-site': 'cross-site' };
    expect((await rotate(headers)).statusCode).toBe(200);
  });

  it('is not a sign-in from another site', async () => {
    expect((await signIn(house.admin.token, { 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403);
  });
});

it('does not begin for who guesses fast', async () => {
  const other = await startHouse();
  const guess = (token = 'hth_guess') =>
    other.app.inject({ method: 'POST', url: '/session', headers: OWN_PAGE, payload: { token } });
  for (let n = 0; n < 40; n++) expect((await guess(other.admin.token)).statusCode).toBe(200);
  for (let n = 0; n < 10; n++) expect((await guess()).statusCode).toBe(401);
  const refused = await guess();
  expect(refused.statusCode).toBe(429);
  expect(refused.json<Problem>()).toMatchObject({ code: 'throttled', retry_after: expect.any(Number) });
  expect((await guess(other.admin.token)).statusCode).toBe(200);
  await other.close();
});

describe('the last use of a token', () => {
  let bob: Awaited<ReturnType<House['addCaller']>>;
  beforeAll(async () => {
    bob = await house.addCaller('bob', 'admin');
  });
  const lastUsed = async () => (await house.store.accounts.tokens(bob.account.id))[0]?.lastUsedAt;
  const ask = <Body>(url: string) => house.ask<Body>('GET', url, undefined, { token: bob.token });

  it('is never, then known within a minute', async () => {
    expect(await lastUsed()).toBeNull();
    const first = now;
    await ask('/v1/account');
    expect(await lastUsed()).toBe(first);
    now += 30_000;
    await ask('/v1/account');
    expect(await lastUsed()).toBe(first);
    now += 31_000;
    const { body } = await ask<WireToken[]>('/v1/tokens');
    expect(await lastUsed()).toBe(now);
    expect(body[0]?.last_used_at).toBe(new Date(now).toISOString());
  });

  it('is also that of its sessions', async () => {
    const headers = await cookieOf(bob.token);
    now += 120_000;
    await account(headers);
    expect(await lastUsed()).toBe(now);
  });
});
