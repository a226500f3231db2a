import type { WireAccountShare, WireMember, WireNewToken, WireToken } from '@hearth/contract';
import { systemNow } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, type Problem, startHouse } from './harness.ts';

const DAY_MS = 24 * 3_600_000;

let house: House;
let now: number;
let owner: string;
beforeAll(async () => {
  now = systemNow();
  house = await startHouse({ deps: (deps) => ({ ...deps, now: () => now }) });
  const team = { username: 'team', type: 'organization', name: 'The team', owner: 'ada' };
  expect((await house.ask<WireAccountShare>('POST', '/v1/accounts', team)).status).toBe(201);
  owner = await tokenOf({ username: 'team', name: 'ada', scope: 'admin' });
});
afterAll(() => house.close());

type Body = Parameters<House['ask']>[2];
const ask = <Answer>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, body: Body, token = owner) =>
  house.ask<Answer>(method, url, body, { token });
async function tokenOf(body: object, token = house.admin.token): Promise<string> {
  const made = await house.ask<WireNewToken>('POST', '/v1/tokens', { name: 'x', ...body }, { token });
  if (made.status !== 201) throw new Error(made.text);
  return made.body.token;
}
const status = async (url: string, token: string) => (await house.ask('GET', url, undefined, { token })).status;

describe('an account', () => {
  it('is made by the operator, with its first owner, once', async () => {
    const again = await house.ask<Problem>('POST', '/v1/accounts', { username: 'team' });
    expect([again.status, again.body.code]).toEqual([422, 'name-taken']);
    const { body } = await ask<object>('GET', '/v1/account', undefined);
    expect(body).toEqual({ type: 'organization', username: 'team', name: 'The team' });
    expect((await ask<WireMember[]>('GET', '/v1/accounts/team/members', undefined)).body).toMatchObject([
      { name: 'ada', role: 'owner' },
    ]);
  });

  it('is told nobody else that it is there', async () => {
    const stranger = await house.addCaller('eve', 'member');
    for (const username of ['team', 'nobody'])
      expect(await status(`/v1/accounts/${username}/members`, stranger.token)).toBe(404);
    expect((await ask('POST', '/v1/accounts/team/members', { name: 'eve' }, stranger.token)).status).toBe(404);
    expect(await status('/v1/accounts/team/members', house.admin.token)).toBe(200);
  });
});

describe('a member', () => {
  it('has tokens of their own, with the scope deploy at most', async () => {
    expect((await ask('POST', '/v1/accounts/team/members', { name: 'bob' })).status).toBe(201);
    const refused = await ask<Problem>('POST', '/v1/tokens', { name: 'x', member: 'bob', scope: 'admin' });
    expect([refused.status, refused.body.invalid_fields?.[0]?.field]).toEqual([422, 'scope']);
    const nobody = await ask<Problem>('POST', '/v1/tokens', { name: 'x', member: 'zoe' });
    expect([nobody.status, nobody.body.invalid_fields?.[0]?.field]).toEqual([422, 'member']);
    const bob = await tokenOf({ member: 'bob', scope: 'deploy' }, owner);
    const model = { owner: 'team', name: 'ocr', visibility: 'private', hardware: 'cpu' };
    expect((await ask('POST', '/v1/models', model, bob)).status).toBe(201);
    for (const [method, url, body] of [
      ['POST', '/v1/tokens', { name: 'y', scope: 'read' }],
      ['GET', '/v1/tokens', undefined],
      ['POST', '/v1/accounts/team/members', { name: 'cid' }],
      ['DELETE', '/v1/accounts/team/members/ada', undefined],
    ] as const) {
      const answer = await ask<Problem>(method, url, body, bob);
      expect([answer.status, answer.body.code]).toEqual([403, 'insufficient-scope']);
    }
  });

  it('who is removed is out at once, with every token and session', async () => {
    await ask('POST', '/v1/accounts/team/members', { name: 'cid' });
    const cid = await tokenOf({ member: 'cid' }, owner);
    const headers = { 'sec-fetch-site': 'same-origin' };
    const signedIn = await house.app.inject({ method: 'POST', url: '/session', headers, payload: { token: cid } });
    const cookie = `${signedIn.cookies[0]?.name}=${signedIn.cookies[0]?.value}`;
    const withSession = () => house.app.inject({ url: '/v1/account', headers: { cookie } });
    expect([await status('/v1/account', cid), (await withSession()).statusCode]).toEqual([200, 200]);
    expect((await ask('DELETE', '/v1/accounts/team/members/cid', undefined)).status).toBe(204);
    expect([await status('/v1/account', cid), (await withSession()).statusCode]).toEqual([401, 401]);
    expect((await ask('DELETE', '/v1/accounts/team/members/cid', undefined)).status).toBe(404);
  });

  it('who is no owner any more loses what came with it at once', async () => {
    await ask('POST', '/v1/accounts/team/members', { name: 'dora', role: 'owner' });
    const dora = await tokenOf({ member: 'dora', scope: 'admin' }, owner);
    expect(await status('/v1/tokens', dora)).toBe(200);
    expect((await ask('PATCH', '/v1/accounts/team/members/dora', { role: 'member' })).status).toBe(200);
    expect(await status('/v1/tokens', dora)).toBe(403);
    expect(await status('/v1/models/team/ocr', dora)).toBe(200);
  });

  it('stays where there would be no owner', async () => {
    const refused = [
      await ask<Problem>('DELETE', '/v1/accounts/team/members/ada', undefined),
      await ask<Problem>('PATCH', '/v1/accounts/team/members/ada', { role: 'member' }),
      await house.ask<Problem>('DELETE', '/v1/accounts/team/members/ada'),
    ];
    for (const { status: code, body } of refused) expect([code, body.code]).toEqual([422, 'last-owner']);
  });

  it("who has an operator's token is the operator's to change", async () => {
    await house.ask('POST', '/v1/accounts/hearth/members', { name: 'ops', role: 'owner' });
    const ops = await tokenOf({ member: 'ops', scope: 'admin' });
    const member = '/v1/accounts/hearth/members/hearth';
    expect((await ask('PATCH', member, { role: 'member' }, ops)).status).toBe(403);
    expect((await ask('DELETE', member, undefined, ops)).status).toBe(403);
    expect(await status('/v1/accounts', house.admin.token)).toBe(200);
  });
});

describe('a token', () => {
  it('that is over is as if it were removed, and so are its sessions', async () => {
    const past = await ask<Problem>('POST', '/v1/tokens', { name: 'x', expires_at: new Date(now).toISOString() });
    expect([past.status, past.body.invalid_fields?.[0]?.field]).toEqual([422, 'expires_at']);
    const until = now + 90 * DAY_MS;
    const token = await tokenOf({ expires_at: new Date(until).toISOString() }, owner);
    now = until - 5 * DAY_MS;
    const headers = { 'sec-fetch-site': 'same-origin' };
    const signedIn = await house.app.inject({ method: 'POST', url: '/session', headers, payload: { token } });
    expect(signedIn.cookies[0]?.expires?.getTime()).toBe(Math.floor(until / 1000) * 1000);
    now = until - 1;
    expect(await status('/v1/account', token)).toBe(200);
    // It is known since a millisecond ago, and over all the same.
    now = until;
    expect(await status('/v1/account', token)).toBe(401);
    const cookie = `${signedIn.cookies[0]?.name}=${signedIn.cookies[0]?.value}`;
    expect((await house.app.inject({ url: '/v1/account', headers: { cookie } })).statusCode).toBe(401);
  });

  it("is refused by whoever is no operator where it would be an operator's", async () => {
    expect((await ask('POST', '/v1/tokens', { name: 'x', operator: true })).status).toBe(403);
    expect((await ask('POST', '/v1/tokens', { name: 'x', username: 'hearth' })).status).toBe(403);
    const listed = await ask<WireToken[]>('GET', '/v1/tokens', undefined);
    expect(listed.body.every(({ operator }) => !operator)).toBe(true);
  });

  it('of an operator with the scope read sees everything and changes nothing', async () => {
    const watcher = await tokenOf({ operator: true, scope: 'read' });
    expect(await status('/v1/models/team/ocr', watcher)).toBe(200);
    const answer = await ask<Problem>('PATCH', '/v1/models/team/ocr', { description: 'x' }, watcher);
    expect(answer.body).toMatchObject({
      status: 403,
      code: 'insufficient-scope',
      needed_scope: 'deploy',
      token_scopes: ['read'],
      detail: 'This needs the scope deploy; the token "x" has read.',
    });
    const hosts = await ask<Problem>('POST', '/v1/hosts', {}, watcher);
    expect(hosts.body).toMatchObject({ status: 403, code: 'forbidden', needed_scope: 'operator' });
  });
});
