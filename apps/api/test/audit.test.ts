import type { WireAuditEntry, WireNewToken, WirePage } from '@hearth/contract';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { changesBetween } from '../src/audit/changes.ts';
import { type House, startHouse } from './harness.ts';

let house: House;
let ada: Awaited<ReturnType<House['addCaller']>>;
let eve: Awaited<ReturnType<House['addCaller']>>;
beforeAll(async () => {
  house = await startHouse();
  ada = await house.addCaller('ada', 'member');
  eve = await house.addCaller('eve', 'member');
});
afterAll(() => house.close());

const as = (token: string) => ({ token });
const entries = async (token: string, query = '') =>
  (await house.ask<WirePage<WireAuditEntry>>('GET', `/v1/audit${query}`, undefined, as(token))).body.results;

describe('the audit log', () => {
  it('says who changed what, from what to what', async () => {
    const model = { owner: 'ada', name: 'ocr', visibility: 'private', hardware: 'cpu' };
    expect((await house.ask('POST', '/v1/models', model, as(ada.token))).status).toBe(201);
    const patch = { description: 'Reads pages', visibility: 'public' };
    expect((await house.ask('PATCH', '/v1/models/ada/ocr', patch, as(ada.token))).status).toBe(200);
    const [changed, made] = await entries(ada.token, '?subject=ada/ocr');
    expect(made).toMatchObject({ operation: 'models.create', outcome: 'done', status: 201, owner: 'ada' });
    expect(made?.changes).toContainEqual({ field: 'visibility', before: null, after: 'private' });
    expect(changed).toMatchObject({
      operation: 'models.update',
      account: 'ada',
      member: 'ada',
      token: { name: 'test' },
      operator: false,
      source: 'api',
      ip: '127.0.0.1',
      changes: [
        { field: 'description', before: null, after: 'Reads pages' },
        { field: 'visibility', before: 'private', after: 'public' },
      ],
    });
  });

  it('keeps what was refused, and why, from whose log it is not', async () => {
    expect((await house.ask('PATCH', '/v1/models/ada/ocr', { description: 'mine' }, as(eve.token))).status).toBe(403);
    expect((await house.ask('POST', '/v1/hosts', {}, as(eve.token))).status).toBe(403);
    expect(await entries(eve.token, '?outcome=refused')).toMatchObject([
      { operation: 'hosts.add', code: 'forbidden', status: 403, changes: [] },
      { operation: 'models.update', code: 'forbidden', subject: 'ada/ocr', owner: null, changes: [] },
    ]);
    expect(await entries(ada.token, '?member=eve')).toEqual([]);
  });

  it('shows an account what the operator did to its things, without the operator', async () => {
    expect((await house.ask('PATCH', '/v1/models/ada/ocr', { description: 'Seized' })).status).toBe(200);
    const [entry] = await entries(ada.token, '?subject=ada/ocr');
    expect(entry).toMatchObject({ account: 'hearth', operator: true, owner: 'ada', token: null, ip: null });
    expect((await entries(house.admin.token, '?account=ada&outcome=done')).map(({ account }) => account)).toContain(
      'ada',
    );
    const [operators] = await entries(house.admin.token, '?subject=ada/ocr');
    expect(operators).toMatchObject({ token: { name: 'test' }, ip: '127.0.0.1' });
  });

  it('has the limits of a budget, before and after', async () => {
    expect((await house.ask('PUT', '/v1/accounts/ada/budget', { day_micros: 5_000_000 })).status).toBe(200);
    expect((await house.ask('PUT', '/v1/accounts/ada/budget', { day_micros: 7_000_000 })).status).toBe(200);
    expect(await entries(ada.token, '?operation=budgets.set')).toMatchObject([
      { owner: 'ada', changes: [{ field: 'day_micros', before: 5_000_000, after: 7_000_000 }] },
      { owner: 'ada', changes: [{ field: 'day_micros', before: null, after: 5_000_000 }] },
    ]);
  });

  it('is for owners, of their own account', async () => {
    const deploying = await house.addCaller('ada', 'member', 'deploy');
    expect((await house.ask('GET', '/v1/audit', undefined, as(deploying.token))).status).toBe(403);
    expect((await house.ask('GET', '/v1/audit?account=ada', undefined, as(eve.token))).status).toBe(403);
  });

  it('names no secret', async () => {
    const made = await house.ask<WireNewToken>('POST', '/v1/tokens', { name: 'ci' }, as(ada.token));
    expect((await house.ask('POST', '/v1/webhooks/default/secret/rotate', undefined, as(ada.token))).status).toBe(200);
    const log = await entries(ada.token);
    expect(log[0]).toMatchObject({ operation: 'webhook-secret.rotate', changes: [] });
    expect(log[1]).toMatchObject({ operation: 'tokens.create', subject: made.body.id });
    expect(log[1]?.changes).toContainEqual({ field: 'scope', before: null, after: 'run' });
    expect(JSON.stringify(log)).not.toContain(made.body.token);
  });

  it('has sign-ins and sign-outs', async () => {
    const headers = { 'sec-fetch-site': 'same-origin' };
    const signedIn = await house.app.inject({
      method: 'POST',
      url: '/session',
      headers,
      payload: { token: ada.token },
    });
    const [cookie] = signedIn.cookies;
    await house.app.inject({
      method: 'DELETE',
      url: '/session',
      headers: { ...headers, cookie: `${cookie?.name}=${cookie?.value}` },
    });
    expect((await entries(ada.token)).slice(0, 2)).toMatchObject([
      { operation: 'sessions.remove', source: 'web', outcome: 'done' },
      { operation: 'sessions.create', source: 'web', outcome: 'done' },
    ]);
  });

  it('has no predictions, which have records of their own', async () => {
    const { version } = await house.addModel('echo');
    const body = { version: version.id, input: { text: 'hi' } };
    const made = await house.ask('POST', '/v1/predictions', body, as(ada.token));
    await house.ask('POST', `/v1/predictions/${made.body.id}/cancel`, undefined, as(ada.token));
    expect((await entries(house.admin.token)).map(({ operation }) => operation.split('.')[0])).not.toContain(
      'predictions',
    );
  });

  it('says what was asked for, without secrets and without what a model is given', async () => {
    const asked = { username: 'ada', name: 'nightly', scope: 'deploy' };
    expect((await house.ask('POST', '/v1/tokens', asked)).status).toBe(201);
    const path = '/v1/models/ada/ocr/versions';
    const command = { path: '/nowhere', command: ['run', '--key=hush'], env: { API_KEY: 'hush' } };
    expect((await house.ask('POST', path, command, as(ada.token))).status).toBe(403);
    const training = { destination: 'ada/ocr', input: { hf: 'hush' }, webhook: 'https://ada.internal/?key=hush' };
    expect((await house.ask('POST', `${path}/none/trainings`, training, as(ada.token))).status).toBe(404);
    const [trained, added, made] = await entries(house.admin.token);
    expect(made).toMatchObject({ operation: 'tokens.create', asked: { ...asked, operator: false } });
    expect(added?.asked).toEqual({ path: '/nowhere', command: '[not kept]', env: '[not kept]' });
    expect(trained?.asked).toEqual({ destination: 'ada/ocr', input: '[not kept]', webhook: '[not kept]' });
  });

  it('keeps what was refused before it was read, without a word of it', async () => {
    expect((await house.ask('PATCH', '/v1/models/ada/ocr', { nonsense: 'hush' }, as(ada.token))).status).toBe(422);
    expect((await house.ask('POST', '/v1/hosts', { url: 'ssh://gpu1' }, as(eve.token))).status).toBe(403);
    const [host, patch] = await entries(house.admin.token);
    expect(host).toMatchObject({ operation: 'hosts.add', account: 'eve', outcome: 'refused', asked: null });
    expect(patch).toMatchObject({ operation: 'models.update', outcome: 'refused', subject: 'ada/ocr', asked: null });
  });
});

describe('a change whose outcome is not written', () => {
  /** What the store does with the next outcomes. */
  let onEnd: (write: () => Promise<void>) => Promise<void> = (write) => write();
  let hit: House;
  let bea: Awaited<ReturnType<House['addCaller']>>;
  beforeAll(async () => {
    hit = await startHouse({
      deps: (deps) => {
        const { audit } = deps.store;
        return {
          ...deps,
          store: { ...deps.store, audit: { ...audit, end: (id, outcome) => onEnd(() => audit.end(id, outcome)) } },
        };
      },
    });
    bea = await hit.addCaller('bea', 'member');
    const model = { owner: 'bea', name: 'ocr', visibility: 'private', hardware: 'cpu' };
    expect((await hit.ask('POST', '/v1/models', model, as(bea.token))).status).toBe(201);
  });
  afterEach(() => {
    onEnd = (write) => write();
  });
  afterAll(() => hit.close());
  const describeAs = (description: string, token = bea.token) =>
    hit.ask('PATCH', '/v1/models/bea/ocr', { description }, { token });
  const log = async (token: string, query = '?subject=bea/ocr') =>
    (await hit.ask<WirePage<WireAuditEntry>>('GET', `/v1/audit${query}`, undefined, { token })).body.results;
  const described = async () => (await hit.store.models.byName('bea', 'ocr'))?.description;

  it('has its entry, which says what was asked for and that nobody knows what came of it', async () => {
    const reached = Promise.withResolvers<void>();
    const crash = Promise.withResolvers<void>();
    onEnd = () => {
      reached.resolve();
      return crash.promise;
    };
    const answer = describeAs('as the API died');
    await reached.promise;
    expect(await described()).toBe('as the API died');
    expect(await log(bea.token, '?outcome=unknown')).toMatchObject([
      {
        operation: 'models.update',
        subject: 'bea/ocr',
        outcome: 'unknown',
        status: null,
        owner: 'bea',
        asked: { description: 'as the API died' },
        changes: [],
      },
    ]);
    crash.reject(new Error('gone'));
    await answer;
  });

  it('by an operator is shown to whose thing it is; what another asked for is not', async () => {
    onEnd = () => Promise.reject(new Error('disk full'));
    const zoe = await hit.addCaller('zoe', 'member');
    expect((await describeAs('by the operator', hit.admin.token)).status).toBe(500);
    expect(await describeAs('by zoe', zoe.token)).toMatchObject({ status: 404, body: { code: 'not-found' } });
    const seen = await log(bea.token, '?outcome=unknown');
    expect(seen[0]).toMatchObject({ account: 'hearth', token: null, asked: { description: 'by the operator' } });
    expect(seen.filter(({ account }) => account === 'zoe')).toEqual([]);
    expect(await log(zoe.token, '?outcome=unknown')).toHaveLength(1);
  });

  it('is answered as a fault, and stays not known while the store takes no outcome', async () => {
    onEnd = () => Promise.reject(new Error('disk full'));
    expect(await describeAs('told as a fault')).toMatchObject({ status: 500, body: { code: 'internal' } });
    expect(await described()).toBe('told as a fault');
    expect((await log(bea.token))[0]).toMatchObject({ outcome: 'unknown', asked: { description: 'told as a fault' } });
  });

  it('is known as soon as the store takes it, with what was changed, though the answer is a fault', async () => {
    const before = await described();
    const failures = [new Error('the connection was lost')];
    onEnd = (write) => {
      const failure = failures.pop();
      return failure === undefined ? write() : Promise.reject(failure);
    };
    expect((await describeAs('written at the second try')).status).toBe(500);
    expect((await log(bea.token))[0]).toMatchObject({
      outcome: 'done',
      status: 500,
      changes: [{ field: 'description', before, after: 'written at the second try' }],
    });
  });
});

it('does not call refused what failed in the middle of a change', async () => {
  const broken = await startHouse({
    deps: (deps) => {
      const { accounts } = deps.store;
      const addToken: typeof accounts.addToken = async (token) => {
        await accounts.addToken(token);
        throw new Error('the connection was lost');
      };
      return { ...deps, store: { ...deps.store, accounts: { ...accounts, addToken } } };
    },
  });
  expect((await broken.ask('POST', '/v1/tokens', { name: 'ci' })).status).toBe(500);
  const { body } = await broken.ask<WirePage<WireAuditEntry>>('GET', '/v1/audit?outcome=unknown');
  expect(body.results).toMatchObject([{ operation: 'tokens.create', status: 500, asked: { name: 'ci' } }]);
  await broken.close();
});

it('makes no change that it cannot write down', async () => {
  const broken = await startHouse({
    deps: (deps) => ({
      ...deps,
      store: { ...deps.store, audit: { ...deps.store.audit, begin: () => Promise.reject(new Error('disk full')) } },
    }),
  });
  const body = { name: 'x' };
  expect((await broken.ask('POST', '/v1/tokens', body)).status).toBe(500);
  expect(await broken.store.accounts.tokens(broken.admin.account.id)).toHaveLength(1);
  await broken.close();
});

describe('what changed', () => {
  it('is told field by field, secrets by name only, long texts by their beginnings', () => {
    const before = { a: 1, nested: { b: [1], token: 'old' }, gone: 'x', same: { c: null } };
    const after = { a: 2, nested: { b: [1, 2], token: 'new' }, same: { c: null }, text: 'x'.repeat(300) };
    expect(changesBetween(before, after)).toEqual([
      { field: 'a', before: 1, after: 2 },
      { field: 'gone', before: 'x', after: null },
      { field: 'nested.b', before: [1], after: [1, 2] },
      { field: 'nested.token', before: '[secret]', after: '[secret]' },
      { field: 'text', before: null, after: `${'x'.repeat(200)}…` },
    ]);
    expect(changesBetween(null, null)).toEqual([]);
  });
});
