import { newId, systemNow } from '@hearth/kit';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dispatcher } from '../src/dispatcher.ts';
import { createWorld, type Stage, type World } from './world.ts';

let world: World;
let dispatcher: Dispatcher;
beforeEach(async () => {
  world = await createWorld();
  dispatcher = await world.dispatch();
});
afterEach(() => world.close());

const END = JSON.stringify({ status: 'succeeded', output: 'not its own' });
const send = async (method: 'POST' | 'PUT' | 'GET', path: string, headers = {}, body?: string) => {
  const answer = await request(dispatcher.callbackUrl + path, { method, headers, ...(body !== undefined && { body }) });
  await answer.body.dump();
  return answer.statusCode;
};
const bearer = ({ token }: Stage) => ({ authorization: `Bearer ${token}` });
const keyIn = (webhook: string) => new URL(webhook).search;

/** Two containers, each with a prediction in flight. */
async function two() {
  const [mine, other] = [await world.stage(), await world.stage()];
  const ids = [await world.predict({ of: 1 }), await world.predict({ of: 2 })];
  const [call, foreign] = [await mine.model.next(), await other.model.next()];
  return { mine, other, call, foreign, ids };
}

describe('what a container was told is of no use to another', () => {
  it('neither its token nor its key ends the other one’s run', async () => {
    const { mine, other, call, foreign } = await two();
    const tries = [
      send('POST', `/reports/${other.instance.id}/${foreign.id}`, bearer(mine), END),
      send('POST', `/reports/${other.instance.id}/${foreign.id}${keyIn(call.webhook)}`, {}, END),
      send('POST', `/reports/${other.instance.id}/${foreign.id}`, {}, END),
      send('POST', `/reports/${other.instance.id}/${foreign.id}?key=x`, {}, END),
      send('POST', `/reports/${other.instance.id}/${foreign.id}`, { authorization: 'Bearer ' }, END),
    ];
    expect(await Promise.all(tries)).toEqual([401, 401, 401, 401, 401]);
    // Its own credentials at its own address, for a run that is not its own: taken by nobody.
    expect(await send('POST', `/reports/${mine.instance.id}/${foreign.id}`, bearer(mine), END)).toBe(200);
    expect(await send('POST', `/reports/${mine.instance.id}/${foreign.id}${keyIn(foreign.webhook)}`, {}, END)).toBe(
      200,
    );
    expect((await world.get(foreign.id.slice(0, -2))).status).toBe('processing');
    expect((await world.get(call.id.slice(0, -2))).status).toBe('processing');
  });

  it('nor do they put a file into its output', async () => {
    const { mine, other, foreign } = await two();
    const put = (instance: Stage, token: string, named?: string) =>
      send(
        'PUT',
        `/uploads/${instance.instance.id}/${token}/a.png`,
        named === undefined ? {} : { 'x-prediction-id': named },
        'x',
      );
    expect(await put(other, mine.token)).toBe(401);
    expect(await put(other, mine.token, foreign.id)).toBe(401);
    expect(await put(mine, mine.token, foreign.id)).toBe(409);
    expect(await put(other, 'x')).toBe(401);
  });

  it('nor do they read its weights', async () => {
    const { mine, other } = await two();
    expect(await send('GET', `/weights/${other.instance.id}/${mine.token}/weights`)).toBe(401);
    expect(await send('GET', `/weights/${other.instance.id}/${other.token}/weights`)).toBe(404);
  });

  it('nor its input under a run of their own', async () => {
    const { call, foreign } = await two();
    const fileId = newId(systemNow());
    const signature = world.signer.sign(`input:${foreign.id}:${fileId}`, Math.floor(systemNow() / 1_000) + 60);
    expect(await send('GET', `/inputs/${foreign.id}/${fileId}/a.png?signature=${signature}`)).toBe(404);
    expect(await send('GET', `/inputs/${call.id}/${fileId}/a.png?signature=${signature}`)).toBe(401);
    expect(await send('GET', `/inputs/${foreign.id}/${newId(systemNow())}/a.png?signature=${signature}`)).toBe(401);
    expect(await send('GET', `/inputs/${foreign.id}/${fileId}/a.png`)).toBe(401);
  });
});

describe('what belongs to an attempt is over with it', () => {
  it('its key ends no later one, and its late file is in no other output', async () => {
    const first = await world.stage();
    const id = await world.predict({});
    const lost = await first.model.next();
    await world.fail(first.instance, { kind: 'lost' });
    const second = await world.stage();
    const call = await second.model.next();
    expect(call.id).toBe(`${id}-2`);
    expect(await send('POST', new URL(lost.webhook).pathname + keyIn(lost.webhook), {}, END)).toBe(200);
    expect(await send('POST', `/reports/${second.instance.id}/${call.id}${keyIn(lost.webhook)}`, {}, END)).toBe(401);
    expect(
      await send('PUT', `/uploads/${first.instance.id}/${first.token}/a.png`, { 'x-prediction-id': lost.id }, 'x'),
    ).toBe(409);
    expect((await world.get(id)).status).toBe('processing');
  });

  it('a file of a prediction that is over does not become one of the next', async () => {
    const stage = await world.stage();
    const before = await world.predict({});
    const call = await stage.model.next();
    await call.report({ status: 'succeeded', output: 'done' });
    await world.ended(before);
    const next = await world.predict({});
    await stage.model.next();
    const late = await send(
      'PUT',
      `/uploads/${stage.instance.id}/${stage.token}/a.png`,
      { 'x-prediction-id': call.id },
      'x',
    );
    expect(late).toBe(409);
    const { rows } = await world.query('select id from files where prediction_id = $1', [next]);
    expect(rows).toEqual([]);
  });

  it('and the token of an instance with the instance', async () => {
    const { instance, token } = await world.stage();
    expect(await send('GET', `/weights/${instance.id}/${token}/weights`)).toBe(404);
    await world.store.instances.move(instance.id, 'ready', 'drain', { at: systemNow() });
    await world.store.instances.move(instance.id, 'draining', 'drained', { at: systemNow() });
    await world.store.instances.move(instance.id, 'stopping', 'stopped', { at: systemNow() });
    await expect.poll(() => send('GET', `/weights/${instance.id}/${token}/weights`), { timeout: 10_000 }).toBe(401);
  });
});
