import type {
  WireCollection,
  WireCollectionItem,
  WireModel,
  WirePage,
  WirePrediction,
  WireSearch,
} from '@hearth/contract';
import type { PredictionRow } from '@hearth/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDispatcher, type House, type Problem, startHouse } from './harness.ts';

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

/** A prediction of the admin's that ran to its end. */
async function ran(model: string, input: Record<string, unknown> = { text: 'hi' }): Promise<PredictionRow> {
  const made = await house.ask('POST', '/v1/predictions', { version: `hearth/${model}`, input });
  if (made.status !== 201) throw new Error(made.text);
  return dispatcher.finish(await dispatcher.claim(made.body.id), 'succeeded', { output: ['done'] });
}

describe('a model is changed', () => {
  const path = '/v1/models/hearth/changing';
  beforeAll(() => house.addModel('changing'));

  it('field by field, and null takes away', async () => {
    const links = { github_url: 'https://g.example', paper_url: 'https://p.example', license_url: 'https://l.example' };
    const more = { weights_url: 'https://w.example', cover_image_url: 'https://c.example/a.png' };
    const body = { description: 'Echoes', readme: '# Echo\n\nü', ...links, ...more };
    const changed = await house.ask<WireModel>('PATCH', path, body);
    const { readme, ...shown } = body;
    expect(changed).toMatchObject({ status: 200, body: { ...shown, visibility: 'public', latest_version: {} } });
    const page = await house.ask('GET', `${path}/readme`);
    expect([page.status, page.headers['content-type'], page.text]).toEqual([200, 'text/plain; charset=utf-8', readme]);
    const less = await house.ask<WireModel>('PATCH', path, { readme: null, paper_url: null });
    expect(less.body).toMatchObject({ description: 'Echoes', paper_url: null, weights_url: 'https://w.example' });
    const none = await house.ask<Problem>('GET', `${path}/readme`);
    expect(none).toMatchObject({ status: 404, body: { code: 'not-found', status: 404 } });
  });

  it('to other hardware, which what runs of it gets as a new release', async () => {
    const { deployment } = await house.addModel('moving');
    const moved = await house.ask('PATCH', '/v1/models/hearth/moving', { hardware: 'gpu-t4' });
    expect(moved.status).toBe(200);
    expect(await house.store.deployments.get(deployment.id)).toMatchObject({ hardwareSku: 'gpu-t4', release: 2 });
    await house.ask('PATCH', '/v1/models/hearth/moving', { hardware: 'gpu-t4' });
    expect(await house.store.deployments.get(deployment.id)).toMatchObject({ release: 2 });
  });

  it('and hidden at once', async () => {
    await house.addModel('hiding');
    const read = () => house.ask('GET', '/v1/models/hearth/hiding/versions', undefined, as(member.token));
    expect((await read()).status).toBe(200);
    await house.ask('PATCH', '/v1/models/hearth/hiding', { visibility: 'private' });
    expect((await read()).status).toBe(404);
  });

  it.each([
    ['name', { name: 'other' }],
    ['visibility', { visibility: 'secret' }],
    ['visibility', { visibility: null }],
    ['hardware', { hardware: 'gpu-none' }],
    ['github_url', { github_url: 'javascript:alert(1)' }],
    ['weights_url', { weights_url: 7 }],
    ['readme', { readme: 'a\0b' }],
    ['readme', { readme: 'x'.repeat(100_001) }],
    ['default_example', { default_example: '' }],
  ])('but not with a bad %s', async (field, body) => {
    const refused = await house.ask<Problem>('PATCH', path, body);
    expect([refused.status, refused.body.invalid_fields?.[0]?.field]).toEqual([422, field]);
  });

  it('by its owner and admins only', async () => {
    const refused = await house.ask<Problem>('PATCH', path, { description: 'Mine' }, as(member.token));
    expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const unseen = await house.ask<Problem>('PATCH', '/v1/models/hearth/hiding', {}, as(member.token));
    expect(unseen).toMatchObject({ status: 404, body: { code: 'not-found' } });
  });
});

describe('a model is deleted', () => {
  it('when it is private and empty, by its owner', async () => {
    const { version } = await house.addModel('leaving');
    const path = '/v1/models/hearth/leaving';
    expect((await house.ask('DELETE', path, undefined, as(member.token))).status).toBe(403);
    const isPublic = await house.ask<Problem>('DELETE', path);
    expect(isPublic).toMatchObject({
      status: 422,
      body: { code: 'model-in-use', detail: expect.stringContaining('public') },
    });
    await house.ask('PATCH', path, { visibility: 'private' });
    const isFull = await house.ask<Problem>('DELETE', path);
    expect(isFull).toMatchObject({
      status: 422,
      body: { code: 'model-in-use', detail: expect.stringContaining('versions') },
    });
    expect((await house.ask('DELETE', `${path}/versions/${version.id}`)).status).toBe(202);
    const gone = await house.ask('DELETE', path);
    expect([gone.status, gone.text]).toEqual([204, '']);
    expect((await house.ask('DELETE', path)).status).toBe(404);
    expect((await house.ask('GET', path)).status).toBe(404);
    const again = { owner: 'hearth', name: 'leaving', visibility: 'public', hardware: 'cpu' };
    expect((await house.ask('POST', '/v1/models', again)).status).toBe(201);
  });

  it('but not while an import or a training is about to give it a version', async () => {
    const { model } = await house.addModel('filling', undefined, 'private');
    const [version] = await house.store.models.versions(model.id, { limit: 1 });
    await house.store.models.removeVersion(version?.id ?? '');
    await house.store.imports.request({ modelId: model.id, source: { kind: 'image', image: 'a' } });
    const refused = await house.ask<Problem>('DELETE', '/v1/models/hearth/filling');
    expect(refused).toMatchObject({ status: 422, body: { detail: expect.stringContaining('on its way in') } });
  });
});

describe('a version is deleted', () => {
  it('and cannot be seen or run by any of its names, also not by who ran it a moment ago', async () => {
    const { version, deployment } = await house.addModel('dropping');
    const path = `/v1/models/hearth/dropping/versions/${version.id}`;
    await ran('dropping');
    const asked: string[] = [];
    const stop = house.bus.onPoke('scheduler', () => asked.push('scheduler'));
    const dropped = await house.ask('DELETE', path);
    await expect.poll(() => asked).toContain('scheduler');
    stop();
    expect([dropped.status, dropped.text]).toEqual([202, '']);
    expect((await house.ask('GET', path)).status).toBe(404);
    expect((await house.ask('DELETE', path)).status).toBe(404);
    expect((await house.ask<WireModel>('GET', '/v1/models/hearth/dropping')).body.latest_version).toBeNull();
    for (const reference of [version.id, `hearth/dropping:${version.id}`, 'hearth/dropping']) {
      const run = await house.ask<Problem>('POST', '/v1/predictions', { version: reference, input: { text: 'hi' } });
      expect(run).toMatchObject({ status: 422, body: { code: 'invalid-version' } });
    }
    expect(await house.store.deployments.get(deployment.id)).toBeNull();
  });

  it('but not in use: by a deployment, by unfinished predictions, by another account', async () => {
    const { version } = await house.addModel('used');
    const path = `/v1/models/hearth/used/versions/${version.id}`;
    const foreign = await house.ask<Problem>('DELETE', path, undefined, as(member.token));
    expect(foreign).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const scale = { hardware: 'cpu', min_instances: 0, max_instances: 1 };
    const config = { name: 'user', model: 'hearth/used', version: version.id, ...scale };
    await house.ask('POST', '/v1/deployments', config);
    const deployed = await house.ask<Problem>('DELETE', path);
    const body = { code: 'version-in-use', detail: expect.stringContaining('the deployment hearth/user') };
    expect(deployed).toMatchObject({ status: 422, body });
    await house.ask('DELETE', '/v1/deployments/hearth/user');
    const waiting = await house.ask('POST', '/v1/predictions', { version: version.id, input: { text: 'hi' } });
    const busy = await house.ask<Problem>('DELETE', path);
    expect(busy).toMatchObject({ status: 422, body: { detail: expect.stringContaining('1 unfinished') } });
    await dispatcher.finish(await dispatcher.claim(waiting.body.id), 'succeeded');
    expect((await house.ask('DELETE', path)).status).toBe(202);
  });

  it('of its own model only', async () => {
    const { version } = await house.addModel('one');
    await house.addModel('two');
    expect((await house.ask('DELETE', `/v1/models/hearth/two/versions/${version.id}`)).status).toBe(404);
    expect((await house.ask('DELETE', '/v1/models/hearth/one/versions/nothing')).status).toBe(404);
  });
});

describe('examples', () => {
  const path = '/v1/models/hearth/shown';
  beforeAll(() => house.addModel('shown'));

  it('are pinned, listed, chosen and unpinned', async () => {
    const [first, second] = [await ran('shown'), await ran('shown')];
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
    const elsewhere = await ran('other');
    expect(await pin(elsewhere.id)).toMatchObject({
      status: 422,
      body: { code: 'not-an-example', detail: `${elsewhere.id} ran on hearth/other.` },
    });
    const waiting = await house.ask('POST', '/v1/predictions', { version: 'hearth/shown', input: { text: 'hi' } });
    expect((await pin(waiting.body.id)).body.detail).toContain('has not succeeded: it is starting');
    const told = await ran('shown', { text: 'hi', key: 'abcd' });
    expect((await pin(told.id)).body.detail).toContain('input.key');
    expect(await pin('nothing')).toMatchObject({ status: 404, body: { code: 'not-found' } });
    const good = await ran('shown');
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
