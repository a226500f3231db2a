import type { WireModel } from '@hearth/contract';
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
    await ran(house, 'dropping');
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
