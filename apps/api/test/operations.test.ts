import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  WireInstance,
  WireNewToken,
  WirePage,
  WireStatusPage,
  WireToken,
  WireUsageRecord,
  WireUsageTotals,
} from '@hearth/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureFirstAdmin } from '../src/first-start.ts';
import { type House, type Problem, startHouse } from './harness.ts';
import { addInstance, runBilled } from './parts.ts';

let house: House;
let member: Awaited<ReturnType<House['addCaller']>>;
beforeAll(async () => {
  house = await startHouse();
  await house.addModel('echo');
  member = await house.addCaller('member', 'member');
});
afterAll(() => house.close());
const as = (token: string) => ({ token });

describe('tokens', () => {
  it('are made and removed by the operator; a removed one stops working at once', async () => {
    const made = await house.ask<WireNewToken>('POST', '/v1/tokens', { name: 'laptop', username: 'ada' });
    expect(made.body).toMatchObject({
      username: 'ada',
      scope: 'run',
      operator: false,
      token: expect.stringMatching(/^hth_/),
    });
    const { token, id } = made.body;
    expect((await house.ask('GET', '/v1/account', undefined, as(token))).body).toMatchObject({ username: 'ada' });
    const list = await house.ask<WireToken[]>('GET', '/v1/tokens?username=ada');
    expect(list.body).toEqual([
      {
        id,
        name: 'laptop',
        username: 'ada',
        member: 'ada',
        scope: 'run',
        operator: false,
        hint: token.slice(-4),
        created_at: expect.any(String),
        expires_at: null,
        last_used_at: expect.any(String),
      },
    ]);
    expect(list.text).not.toContain(token);
    expect((await house.ask('DELETE', `/v1/tokens/${id}`)).status).toBe(204);
    expect((await house.ask('GET', '/v1/account', undefined, as(token))).status).toBe(401);
  });

  it('come in either scheme, in any case', async () => {
    for (const authorization of [`token ${member.token}`, `BEARER ${member.token}`]) {
      const answer = await house.app.inject({ url: '/v1/account', headers: { authorization } });
      expect(answer.json()).toMatchObject({ username: 'member' });
    }
  });
});

describe('the fleet', () => {
  it('shows a deployment go from cold to booting to warm, and why it does not', async () => {
    const { deployment, version } = await house.addModel('fleet');
    const status = async () => {
      const { body } = await house.ask<WireStatusPage>('GET', '/v1/status', undefined, as(member.token));
      return body.deployments.find((one) => one.deployment === 'hearth/fleet');
    };
    expect(await status()).toMatchObject({
      implicit: true,
      temperature: 'cold',
      queue: { waiting: 0, in_flight: 0 },
      boot: null,
    });
    const id = await addInstance(house, deployment);
    await house.store.instances.stampPhase(id, 'setup', Date.now());
    expect(await status()).toMatchObject({
      temperature: 'booting',
      instances: { booting: 1 },
      hosts: { host: 1 },
      boot: { instance: id, phase: 'setup' },
    });
    const { body: waiting } = await house.ask('POST', '/v1/predictions', {
      version: version.id,
      input: { text: 'hi' },
    });
    expect(waiting.waiting).toMatchObject({
      reason: 'booting',
      phase: 'setup',
      detail: 'An instance is booting: setup.',
    });
    await house.store.instances.move(id, 'booting', 'booted', { at: Date.now() });
    expect(await status()).toMatchObject({ temperature: 'warm', instances: { ready: 1 }, queue: { waiting: 1 } });

    const list = await house.ask<WirePage<WireInstance>>(
      'GET',
      '/v1/instances?deployment=hearth/fleet',
      undefined,
      as(member.token),
    );
    expect(list.body.results).toMatchObject([
      { id, deployment: 'hearth/fleet', model: 'hearth/fleet', state: 'ready', in_flight: 0 },
    ]);
    const failure = {
      kind: 'crash' as const,
      phase: null,
      message: 'exit 1',
      logTail: 'Traceback',
      exitCode: 1,
      at: Date.now(),
    };
    await house.store.instances.move(id, 'ready', 'vanished', { at: Date.now(), failure });
    const all = await house.ask<WirePage<WireInstance>>('GET', '/v1/instances?all=true&deployment=hearth/fleet');
    expect(all.body.results[0]?.failure).toMatchObject({ kind: 'crash', log_tail: 'Traceback' });
    expect((await house.ask('GET', `/v1/instances/${id}/logs`)).text).toBe('Traceback');
    expect((await house.ask('GET', `/v1/instances/${id}/logs`, undefined, as(member.token))).status).toBe(404);
  });

  it('keeps private ones from members', async () => {
    await house.addModel('private-fleet', undefined, 'private');
    const names = async (token: string) =>
      (await house.ask<WireStatusPage>('GET', '/v1/status', undefined, as(token))).body.deployments.map(
        (one) => one.deployment,
      );
    expect(await names(house.admin.token)).toContain('hearth/private-fleet');
    expect(await names(member.token)).not.toContain('hearth/private-fleet');
  });
});

describe('usage', () => {
  it('is listed and summed; members see their own', async () => {
    const { deployment } = await house.addModel('billed');
    for (const { token } of [house.admin, member]) await runBilled(house, deployment, token);
    const totals = async (by: string, token: string) =>
      (await house.ask<WireUsageTotals>('GET', `/v1/usage?by=${by}`, undefined, as(token))).body.results;
    const one = { predictions: 1, predict_microseconds: 2_000_000, cost_micros: 200, correction_micros: 0 };
    expect(await totals('model', member.token)).toEqual([
      { day: null, key: 'hearth/billed', name: 'hearth/billed', ...one },
    ]);
    expect(await totals('model', house.admin.token)).toEqual([
      {
        day: null,
        key: 'hearth/billed',
        name: 'hearth/billed',
        predictions: 2,
        predict_microseconds: 4_000_000,
        cost_micros: 400,
        correction_micros: 0,
      },
    ]);
    expect(await totals('account', house.admin.token)).toHaveLength(2);
    const records = await house.ask<WirePage<WireUsageRecord>>('GET', '/v1/usage', undefined, as(member.token));
    expect(records.body.results).toMatchObject([
      { model: 'hearth/billed', cost_micros: 200, price_micros_per_second: 100 },
    ]);
    expect((await house.ask<Problem>('GET', '/v1/usage?by=moon')).body.invalid_fields?.[0]?.field).toBe(
      'querystring.by',
    );
  });
});

describe('health, metrics and the document', () => {
  it('answer', async () => {
    const health = await house.app.inject({ url: '/health' });
    expect([health.statusCode, health.json()]).toEqual([200, { status: 'ok', store: 'ok', queue: 'ok' }]);
    const metrics = await house.app.inject({ url: '/metrics' });
    expect(metrics.body).toMatch(/hearth_http_request_seconds_count\{[^}]*route="\/v1\/predictions"[^}]*status="201"/);
    const outside = await house.app.inject({ url: '/metrics', remoteAddress: '10.1.2.3' });
    expect(outside.statusCode).toBe(401);
    const { paths } = (await house.app.inject({ url: '/openapi.json' })).json();
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/v1/predictions', '/v1/models/{owner}/{name}/versions', '/v1/status']),
    );
    expect((await house.app.inject({ url: '/docs/' })).body).toContain('<script');
  });
});

describe('the first start', () => {
  it('makes one admin token, tells it once in a file of its own, and leaves later starts alone', async () => {
    const fresh = await startHouse();
    const folder = await mkdtemp(join(tmpdir(), 'hearth-first-'));
    try {
      await fresh.store.accounts.removeToken((await fresh.store.accounts.tokens(fresh.admin.account.id))[0]?.id ?? '');
      const admin = { username: 'hearth', token: undefined };
      await ensureFirstAdmin(fresh.store, admin, folder);
      const file = join(folder, 'first-token');
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      const token = (await readFile(file, 'utf8')).trim();
      expect((await fresh.ask('GET', '/v1/tokens', undefined, as(token))).status).toBe(200);
      await rm(file);
      await ensureFirstAdmin(fresh.store, admin, folder);
      await expect(stat(file)).rejects.toThrow(/ENOENT/);

      const given = { username: 'hearth', token: 'hth_given_by_the_operator' };
      await ensureFirstAdmin(fresh.store, given, folder);
      await ensureFirstAdmin(fresh.store, given, folder);
      expect((await fresh.ask<WireToken[]>('GET', '/v1/tokens', undefined, as(given.token))).body).toHaveLength(2);
    } finally {
      await fresh.close();
      await rm(folder, { recursive: true });
    }
  });
});
