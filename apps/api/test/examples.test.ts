import type { WireModel, WirePage, WirePrediction } from '@hearth/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDispatcher, type House, type Problem, startHouse } from './harness.ts';
import { ran } from './parts.ts';

let house: House;
let member: Awaited<ReturnType<House['addCaller']>>;
let dispatcher: ReturnType<typeof createDispatcher>;
beforeAll(async () => {
  house = await startHouse();
  member = await house.addCaller('member', 'member');
  dispatcher = createDispatcher(house.deps);
});
afterAll(() => house.close());
const as = (token: string) => ({ token });

describe('examples', () => {
  const path = '/v1/models/hearth/shown';
  beforeAll(() => house.addModel('shown'));

  it('are pinned, listed, chosen and unpinned', async () => {
    const [first, second] = [await ran(house, 'shown'), await ran(house, 'shown')];
    const pinned = await house.ask('POST', `${path}/examples`, { prediction: first.id });
    expect(pinned).toMatchObject({ status: 201, body: { id: first.id, output: ['done'] } });
    await house.ask('POST', `${path}/examples`, { prediction: second.id, default: true });
    const list = () => house.ask<WirePage<WirePrediction>>('GET', `${path}/examples`, undefined, as(member.token));
    expect((await list()).body.results.map(({ id }) => id)).toEqual([second.id, first.id]);
    const model = async () => (await house.ask<WireModel>('GET', path)).body.default_example?.id;
    expect(await model()).toBe(second.id);
    await house.ask('PATCH', path, { default_example: first.id });
    expect(await model()).toBe(first.id);
    const listed = await house.ask<WirePage<WireModel>>('GET', '/v1/models');
    expect(listed.body.results.find(({ name }) => name === 'shown')?.default_example?.id).toBe(first.id);
    expect((await house.ask('DELETE', `${path}/examples/${first.id}`)).status).toBe(204);
    expect((await house.ask('DELETE', `${path}/examples/${first.id}`)).status).toBe(404);
    expect(await model()).toBe(second.id);
    await house.ask('DELETE', `${path}/examples/${second.id}`);
    expect((await house.ask<WireModel>('GET', path)).body.default_example).toBeNull();
  });

  it('do not tell where their caller had them reported to', async () => {
    const version = 'hearth/shown';
    const body = { version, input: { text: 'hi' }, webhook: 'https://w.example/secret' };
    const made = await house.ask('POST', '/v1/predictions', body);
    await dispatcher.finish(await dispatcher.claim(made.body.id), 'succeeded', { output: [] });
    const pinned = await house.ask('POST', `${path}/examples`, { prediction: made.body.id });
    expect(pinned.status).toBe(201);
    expect(pinned.text).not.toContain('secret');
  });

  it('are predictions on that model that have succeeded, without secrets, and one’s own', async () => {
    await house.addModel('other');
    const pin = (prediction: string, token = house.admin.token) =>
      house.ask<Problem>('POST', `${path}/examples`, { prediction }, as(token));
    const elsewhere = await ran(house, 'other');
    expect(await pin(elsewhere.id)).toMatchObject({
      status: 422,
      body: { code: 'not-an-example', detail: `${elsewhere.id} ran on hearth/other.` },
    });
    const waiting = await house.ask('POST', '/v1/predictions', { version: 'hearth/shown', input: { text: 'hi' } });
    expect((await pin(waiting.body.id)).body.detail).toContain('has not succeeded: it is starting');
    const told = await ran(house, 'shown', { text: 'hi', key: 'abcd' });
    expect((await pin(told.id)).body.detail).toContain('input.key');
    expect(await pin('nothing')).toMatchObject({ status: 404, body: { code: 'not-found' } });
    const good = await ran(house, 'shown');
    expect(await pin(good.id, member.token)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const mine = { owner: 'member', name: 'mine', visibility: 'public', hardware: 'cpu' };
    await house.ask('POST', '/v1/models', mine, as(member.token));
    const foreign = { prediction: good.id };
    const refused = await house.ask('POST', '/v1/models/member/mine/examples', foreign, as(member.token));
    expect(refused.status).toBe(404);
    const patched = await house.ask<Problem>('PATCH', path, { description: 'X', default_example: elsewhere.id });
    expect(patched.status).toBe(422);
    expect((await house.ask<WireModel>('GET', path)).body.description).toBeNull();
  });
});
