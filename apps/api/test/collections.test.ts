import type { WireCollection, WireCollectionItem, WirePage } from '@hearth/contract';
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

describe('collections', () => {
  const body = {
    name: 'Animals',
    description: 'Cats',
    full_description: '# Cats',
    models: ['hearth/cat', 'hearth/hush'],
  };
  beforeAll(async () => {
    await house.addModel('cat');
    await house.addModel('hush', undefined, 'private');
  });

  it('are made by admins, and show each caller what it may see', async () => {
    const refused = await house.ask<Problem>('PUT', '/v1/collections/animals', body, as(member.token));
    expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const made = await house.ask<WireCollection>('PUT', '/v1/collections/animals', body);
    expect(made).toMatchObject({ status: 200, body: { slug: 'animals', name: 'Animals', full_description: '# Cats' } });
    const names = ({ models }: WireCollection) => models.map(({ name }) => name);
    expect(names(made.body)).toEqual(['cat', 'hush']);
    const seen = await house.ask<WireCollection>('GET', '/v1/collections/animals', undefined, as(member.token));
    expect(names(seen.body)).toEqual(['cat']);
    const list = await house.ask<WirePage<WireCollectionItem>>('GET', '/v1/collections', undefined, as(member.token));
    expect(list.body).toEqual({
      next: null,
      previous: null,
      results: [{ name: 'Animals', slug: 'animals', description: 'Cats' }],
    });
    const replaced = await house.ask<WireCollection>('PUT', '/v1/collections/animals', {
      name: 'Beasts',
      description: '',
      models: [],
    });
    expect(replaced.body).toEqual({
      name: 'Beasts',
      slug: 'animals',
      description: '',
      full_description: null,
      models: [],
    });
    expect((await house.ask('DELETE', '/v1/collections/animals', undefined, as(member.token))).status).toBe(403);
    expect((await house.ask('DELETE', '/v1/collections/animals')).status).toBe(204);
    expect((await house.ask('DELETE', '/v1/collections/animals')).status).toBe(404);
    expect((await house.ask('GET', '/v1/collections/animals')).status).toBe(404);
  });

  it.each([
    ['models.0', 'animals', { models: ['hearth/nothing'] }],
    ['models.0', 'animals', { models: ['hearth/cat/dog'] }],
    ['models', 'animals', { models: ['hearth/cat', 'hearth/cat'] }],
    ['name', 'animals', { name: '' }],
    ['params.slug', 'Two%20Words', {}],
    ['extra', 'animals', { extra: 1 }],
  ])('with a bad %s are refused', async (field, slug, change) => {
    const refused = await house.ask<Problem>('PUT', `/v1/collections/${slug}`, { ...body, ...change });
    expect([refused.status, refused.body.invalid_fields?.[0]?.field]).toEqual([422, field]);
  });
});
