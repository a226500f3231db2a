import type { WireAccountShare, WirePage } from '@hearth/contract';
import { newId, systemNow } from '@hearth/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDispatcher, type House, type Problem, startHouse } from './harness.ts';

let house: House;
let member: Awaited<ReturnType<House['addCaller']>>;
let version: string;
let deploymentId: string;
let now: number;
beforeEach(async () => {
  now = systemNow();
  house = await startHouse({ deps: (deps) => ({ ...deps, now: () => now }) });
  const echo = await house.addModel('echo');
  [version, deploymentId] = [echo.version.id, echo.deployment.id];
  member = await house.addCaller('ada', 'member');
});
afterEach(() => house.close());

/** Each a moment after the one before: ids of the same millisecond have no order. */
const predict = async (token: string) => {
  now += 1;
  const { body } = await house.ask('POST', '/v1/predictions', { version, input: { text: 'hi' } }, { token });
  return body.id;
};
const waitingOf = async (id: string, token: string) =>
  (await house.ask('GET', `/v1/predictions/${id}`, undefined, { token })).body.waiting;
const share = async (username: string, patch: object) =>
  house.ask<WireAccountShare>('PATCH', `/v1/accounts/${username}`, patch);

describe('the shares of accounts', () => {
  it('are for admins to see and change', async () => {
    for (const [method, url] of [
      ['GET', '/v1/accounts'],
      ['GET', '/v1/accounts/ada'],
      ['PATCH', '/v1/accounts/ada'],
    ] as const) {
      const answer = await house.ask(method, url, method === 'PATCH' ? {} : undefined, { token: member.token });
      expect(answer.status).toBe(403);
    }
    expect((await share('ada', { weight: 2.5 })).body).toMatchObject({ weight: 2.5, max_in_flight: null });
    expect((await share('ada', { max_in_flight: 3 })).body).toMatchObject({ weight: 2.5, max_in_flight: 3 });
    const { body } = await house.ask<WirePage<WireAccountShare>>('GET', '/v1/accounts');
    expect(body.results).toMatchObject([
      { username: 'ada', weight: 2.5, max_in_flight: 3, waiting: 0, held: 0, in_flight: 0 },
      { username: 'hearth', weight: 1, max_in_flight: null },
    ]);
    expect((await share('ada', { max_in_flight: null })).body).toMatchObject({ weight: 2.5, max_in_flight: null });
    expect((await share('nobody', { weight: 2 })).status).toBe(404);
    expect((await house.ask('GET', '/v1/accounts/nobody')).status).toBe(404);
  });

  it.each([
    ['weight', 0],
    ['weight', 101],
    ['weight', 'much'],
    ['max_in_flight', 0],
    ['max_in_flight', 1.5],
    ['max_in_flight', 2_147_483_648],
    ['priority', 1],
  ])('refuse %s %s, by name', async (field, value) => {
    const { status, body } = await house.ask<Problem>('PATCH', '/v1/accounts/ada', { [field]: value });
    expect(status).toBe(422);
    expect(body.invalid_fields?.[0]?.field ?? body.detail).toContain(field);
  });

  it('show what each asks for now', async () => {
    const dispatcher = createDispatcher(house.deps);
    await dispatcher.claim(await predict(member.token));
    await predict(member.token);
    const { body } = await house.ask<WireAccountShare>('GET', '/v1/accounts/ada');
    expect(body).toMatchObject({ in_flight: 1, waiting: 1, held: 0 });
  });
});

describe('one who waits', () => {
  it('is told how many come first, which is not how many came first', async () => {
    const noisy = [];
    for (let n = 0; n < 4; n++) noisy.push(await predict(house.admin.token));
    const quiet = await predict(member.token);
    // Outlasts what the API keeps of its last look.
    now += 1_000;
    expect(await waitingOf(quiet, member.token)).toMatchObject({ position: 1 });
    const places = [];
    for (const id of noisy) places.push((await waitingOf(id, house.admin.token))?.position);
    expect(places).toEqual([0, 2, 3, 4]);
  });

  it('for a limit of the account has no ticket, and is told so', async () => {
    await share('ada', { max_in_flight: 1 });
    const poked: string[] = [];
    house.bus.onPoke('dispatcher', () => poked.push('dispatcher'));
    const [first, second] = [await predict(member.token), await predict(member.token)];
    expect(await house.queues.depth(deploymentId)).toEqual({ waiting: 0, active: 0 });
    await expect.poll(() => poked.length).toBeGreaterThan(0);
    expect(await waitingOf(second, member.token)).toMatchObject({
      reason: 'account-limit',
      position: 1,
      eta_seconds: null,
    });
    await house.store.predictions.admit(member.account.id, systemNow());
    now += 1_000;
    const other = await predict(house.admin.token);
    expect(await waitingOf(other, house.admin.token)).toMatchObject({ reason: 'queued', position: 1 });
    expect((await house.store.predictions.get(first))?.held).toBe(false);
  });
});

it('a repeated create of one that is held makes no ticket', async () => {
  await share('ada', { max_in_flight: 1 });
  const headers = { 'idempotency-key': newId(systemNow()) };
  const ask = () =>
    house.ask('POST', '/v1/predictions', { version, input: { text: 'hi' } }, { token: member.token, headers });
  expect((await ask()).body.id).toBe((await ask()).body.id);
  expect(await house.queues.depth(deploymentId)).toEqual({ waiting: 0, active: 0 });
});
