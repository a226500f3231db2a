import type { WireModel, WirePage, WireSearch } from '@hearth/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, type Problem, startHouse } from './harness.ts';

let house: House;
let member: Awaited<ReturnType<House['addCaller']>>;
beforeAll(async () => {
  house = await startHouse();
  member = await house.addCaller('member', 'member');
});
afterAll(() => house.close());
const as = (token: string) => ({ token });

describe('search', () => {
  beforeAll(async () => {
    await house.addModel('sdxl');
    await house.addModel('sdxl-private', undefined, 'private');
    await house.ask('PATCH', '/v1/models/hearth/sdxl', { description: 'Draws giraffes' });
    const body = {
      name: 'Giraffe drawers',
      description: 'All of them',
      models: ['hearth/sdxl', 'hearth/sdxl-private'],
    };
    await house.ask('PUT', '/v1/collections/giraffes', body);
  });
  const search = (query: string, token = house.admin.token) =>
    house.ask<WireSearch>('GET', `/v1/search?${query}`, undefined, as(token));

  it('finds models with a score and what they are in, and collections', async () => {
    const { status, body } = await search('query=giraffe', member.token);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      query: 'giraffe',
      models: [
        {
          model: { owner: 'hearth', name: 'sdxl', run_count: 0, url: 'http://hearth.test/hearth/sdxl' },
          metadata: { generated_description: 'Draws giraffes', tags: ['giraffes'] },
        },
      ],
      collections: [{ slug: 'giraffes', name: 'Giraffe drawers', models: [{ name: 'sdxl' }] }],
      pages: [],
    });
    expect(body.models[0]?.metadata.score).toBeGreaterThan(0);
  });

  it('shows private models to their owner and admins only, and at most as many as asked for', async () => {
    const names = ({ body }: { body: WireSearch }) => body.models.map(({ model }) => model.name);
    expect(names(await search('query=sdxl'))).toEqual(['sdxl', 'sdxl-private']);
    expect(names(await search('query=sdxl', member.token))).toEqual(['sdxl']);
    expect(names(await search('query=sdxl&limit=1'))).toEqual(['sdxl']);
  });

  it.each([
    ['query', ''],
    ['query', 'query='],
    ['query', 'query=%20'],
    ['query', `query=${'x'.repeat(1_001)}`],
    ['limit', 'query=a&limit=0'],
    ['limit', 'query=a&limit=51'],
    ['limit', 'query=a&limit=1.5'],
  ])('with a bad %s is refused: %s', async (field, query) => {
    const { status, body } = await house.ask<Problem>('GET', `/v1/search?${query}`);
    expect([status, body.invalid_fields?.[0]?.field]).toEqual([422, `querystring.${field}`]);
  });

  const query = (body: string | undefined, type: string, url = '/v1/models', token = house.admin.token) =>
    house.ask<WirePage<WireModel>>('QUERY', url, body, { token, headers: { 'content-type': type } });
  const names = ({ body }: { body: WirePage<WireModel> }) => body.results.map(({ name }) => name);

  it('by QUERY takes the text as Python sends it and as JavaScript sends it', async () => {
    const raw = await query('sdxl', 'text/plain');
    expect([raw.status, names(raw)]).toEqual([200, ['sdxl', 'sdxl-private']]);
    expect(names(await query('"sdxl"', 'application/json'))).toEqual(['sdxl', 'sdxl-private']);
    expect(names(await query('sdxl', 'text/plain; charset=utf-8', '/v1/v1/models', member.token))).toEqual(['sdxl']);
    expect(names(await query('"quoted sdxl', 'text/plain'))).toEqual([]);
  });

  it('by QUERY without a text lists what there is', async () => {
    const all = await house.ask<WirePage<WireModel>>('GET', '/v1/models');
    expect((await query('', 'text/plain')).body).toEqual(all.body);
    expect((await query('""', 'application/json')).body).toEqual(all.body);
    expect((await query(undefined, 'application/json')).body).toEqual(all.body);
  });

  it('by QUERY refuses what is no text', async () => {
    expect((await query('{"query":"sdxl"}', 'application/json')).status).toBe(422);
    expect((await query('7', 'application/json')).status).toBe(422);
    const untyped = await house.ask<Problem>('QUERY', '/v1/models');
    expect(untyped).toMatchObject({ status: 400, body: { code: 'bad-request' } });
    expect((await query('query=sdxl', 'application/x-www-form-urlencoded')).status).toBe(415);
    expect((await query('a\0b', 'text/plain')).status).toBe(422);
  });
});
