import type { WireDeployment, WireHardware, WireModel, WirePage, WireVersion } from '@hearth/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDispatcher, ECHO_SCHEMA, type House, type Problem, startHouse } from './harness.ts';

let house: House;
let echo: Awaited<ReturnType<House['addModel']>>;
let member: Awaited<ReturnType<House['addCaller']>>;
beforeAll(async () => {
  house = await startHouse();
  echo = await house.addModel('echo');
  member = await house.addCaller('member', 'member');
});
afterAll(() => house.close());
const as = (token: string) => ({ token });

describe('models', () => {
  const model = { owner: 'member', name: 'mine', visibility: 'private', hardware: 'cpu', description: 'A model' };

  it('are made once, under one’s own name', async () => {
    const made = await house.ask<WireModel>('POST', '/v1/models', model, as(member.token));
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      owner: 'member',
      name: 'mine',
      description: 'A model',
      run_count: 0,
      latest_version: null,
    });
    const again = await house.ask<Problem>('POST', '/v1/models', model, as(member.token));
    expect(again).toMatchObject({ status: 422, body: { code: 'name-taken' } });
    const foreign = await house.ask<Problem>('POST', '/v1/models', { ...model, owner: 'hearth' }, as(member.token));
    expect(foreign).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  it.each([
    ['name', { name: 'Upper' }],
    ['owner', { owner: 'a/b' }],
    ['visibility', { visibility: 'secret' }],
    ['hardware', { hardware: 'gpu-none' }],
    ['github_url', { github_url: 'javascript:alert(1)' }],
    ['description', { description: 'a\0b' }],
    ['nope', { nope: 1 }],
  ])('with a bad %s are refused', async (field, change) => {
    const { status, body } = await house.ask<Problem>('POST', '/v1/models', { ...model, name: 'bad', ...change });
    expect([status, body.invalid_fields?.[0]?.field]).toEqual([422, field]);
  });

  it('name the SKUs there are when theirs is not one', async () => {
    const { body } = await house.ask<Problem>('POST', '/v1/models', { ...model, hardware: 'gpu-none' });
    expect(body.detail).toMatch(/"gpu-none" is not a SKU; choose one of .*gpu-t4/);
  });

  it('that are private are listed for their owner and admins only', async () => {
    await house.addModel('hidden', undefined, 'private');
    const names = async (token: string) =>
      (await house.ask<WirePage<WireModel>>('GET', '/v1/models', undefined, as(token))).body.results.map(
        ({ name }) => name,
      );
    expect(await names(member.token)).toEqual(expect.arrayContaining(['echo', 'mine']));
    expect(await names(member.token)).not.toContain('hidden');
    expect(await names(house.admin.token)).toContain('hidden');
  });
});

describe('versions', () => {
  const path = '/v1/models/hearth/echo/versions';

  it('are listed and read', async () => {
    const list = await house.ask<WirePage<WireVersion>>('GET', path);
    expect(list.body.results).toMatchObject([
      { id: echo.version.id, cog_version: '0.16.12', openapi_schema: ECHO_SCHEMA },
    ]);
    expect((await house.ask<WireVersion>('GET', `${path}/${echo.version.id}`)).body.id).toBe(echo.version.id);
    expect((await house.ask('GET', `${path}/${'0'.repeat(64)}`)).status).toBe(404);
    expect((await house.ask('GET', `/v1/models/hearth/nothing/versions`)).status).toBe(404);
  });

  /** The scheduler's part: answers the next import. */
  const answerImport = (answer: Parameters<House['store']['imports']['answer']>[1]) => {
    const stop = house.whenPoked('scheduler', async () => {
      for (const { id } of await house.store.imports.pending()) {
        stop();
        await house.store.imports.answer(id, answer);
        house.bus.poke('api');
      }
    });
  };

  it('are added once the scheduler looked at the image, and run at once', async () => {
    const source = { kind: 'image' as const, image: 'registry.test/echo@sha256:1' };
    const versionId = 'ab'.repeat(32);
    answerImport({ result: { versionId, source, openapiSchema: ECHO_SCHEMA, cogVersion: '0.16.12', slots: 2 } });
    const added = await house.ask<WireVersion>('POST', path, { image: 'registry.test/echo' });
    expect(added).toMatchObject({ status: 201, body: { id: versionId } });
    const run = await house.ask('POST', '/v1/predictions', { version: 'hearth/echo', input: { text: 'hi' } });
    expect(run.body.version).toBe(versionId);
  });

  it('are refused with the scheduler’s reason', async () => {
    answerImport({ error: 'The image registry.test/none does not exist.' });
    const refused = await house.ask<Problem>('POST', path, { image: 'registry.test/none' });
    expect(refused).toMatchObject({
      status: 422,
      body: { code: 'import-failed', detail: 'The image registry.test/none does not exist.' },
    });
  });

  it.each([
    ['neither image nor path', {}, /^- body: must be \{"image": "…"\} or \{"path": "…"/],
    ['both', { image: 'a', path: '/b' }, /^- body: must be \{"image": "…"\} or \{"path": "…"/],
    ['an empty command', { path: '/b', command: [] }, /^- command: must not be empty/],
    ['a bad name in env', { path: '/b', env: { 'A=B': 'c' } }, /^- body: must be /],
  ])('with %s are refused', async (_name, body, detail) => {
    const refused = await house.ask<Problem>('POST', path, body);
    expect(refused.status).toBe(422);
    expect(refused.body.detail).toMatch(detail);
  });

  it('from a folder are for admins, of an absolute path, and need a host that runs processes', async () => {
    await house.ask('POST', '/v1/models', { owner: 'member', name: 'folder', visibility: 'public', hardware: 'cpu' });
    const own = '/v1/models/member/folder/versions';
    const byMember = await house.ask<Problem>('POST', own, { path: '/srv/model' }, as(member.token));
    expect(byMember).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const relative = await house.ask<Problem>('POST', own, { path: 'model' });
    expect(relative.body.invalid_fields?.[0]?.field).toBe('path');
    const nowhere = await house.ask<Problem>('POST', own, { path: '/srv/model' });
    expect(nowhere).toMatchObject({ status: 422, body: { code: 'no-process-runtime' } });
    await house.store.hosts.upsert({
      id: 'host',
      name: 'box',
      runtimes: ['docker'],
      memoryMiB: 4096,
      devices: [],
      runtimeNotes: { process: 'HEARTH_RUNTIME is docker' },
      lastSeenAt: Date.now(),
    });
    const dockerOnly = await house.ask<Problem>('POST', own, { path: '/srv/model' });
    expect(dockerOnly.body.detail).toContain('box: HEARTH_RUNTIME is docker');
  });

  it('of a model are added by its owner and admins only', async () => {
    const refused = await house.ask<Problem>('POST', path, { image: 'a' }, as(member.token));
    expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });
});

describe('deployments', () => {
  const config = () => ({
    name: 'fast',
    model: 'hearth/echo',
    version: echo.version.id,
    hardware: 'cpu',
    min_instances: 1,
    max_instances: 4,
  });

  it('are made, changed release by release, and deleted', async () => {
    const made = await house.ask<WireDeployment>('POST', '/v1/deployments', { ...config(), keep_alive: '90s' });
    expect(made.status).toBe(200);
    expect(made.body).toMatchObject({
      owner: 'hearth',
      name: 'fast',
      current_release: {
        number: 1,
        model: 'hearth/echo',
        version: echo.version.id,
        created_by: { type: 'user', username: 'hearth', name: 'hearth' },
        configuration: { hardware: 'cpu', min_instances: 1, max_instances: 4, keep_alive: 90 },
      },
    });
    const path = '/v1/deployments/hearth/fast';
    const changed = await house.ask<WireDeployment>('PATCH', path, { min_instances: 0, keep_alive: 5 });
    expect(changed.body.current_release).toMatchObject({
      number: 2,
      configuration: { min_instances: 0, keep_alive: 5 },
    });
    expect((await house.ask<WireDeployment>('PATCH', path, {})).body.current_release.number).toBe(2);
    for (const keep_alive of ['until-needed', 'auto'] as const) {
      const kept = await house.ask<WireDeployment>('PATCH', path, { keep_alive });
      expect(kept.body.current_release.configuration.keep_alive).toBe(keep_alive);
    }
    const rolledBack = await house.ask<WireDeployment>('POST', `${path}/rollback`, { release: 3 });
    expect(rolledBack.body.current_release.configuration.keep_alive).toBe('until-needed');
    expect((await house.ask('DELETE', path)).status).toBe(204);
    expect((await house.ask('GET', path)).status).toBe(404);
  });

  it.each([
    ['min_instances', { min_instances: 6 }],
    ['max_instances', { max_instances: 21 }],
    ['min_instances', { min_instances: 3, max_instances: 2 }],
    ['hardware', { hardware: 'nothing' }],
    ['keep_alive', { keep_alive: 'long' }],
    ['keep_alive', { keep_alive: '32d' }],
    ['keep_alive', { keep_alive: 'untill-needed' }],
    ['version', { model: 'hearth/other' }],
    ['name', { name: 'a b' }],
    ['extra', { extra: true }],
  ])('with a bad %s are refused: %j', async (field, change) => {
    const { status, body } = await house.ask<Problem>('POST', '/v1/deployments', { ...config(), ...change });
    expect([status, body.invalid_fields?.[0]?.field]).toEqual([422, field]);
  });

  it('are changed by their owner and admins only, and not deleted while in use', async () => {
    await house.ask('POST', '/v1/deployments', { ...config(), name: 'used', min_instances: 0 });
    const path = '/v1/deployments/hearth/used';
    const ran = await house.ask('POST', `${path}/predictions`, { input: { text: 'hi' } }, as(member.token));
    expect(ran.status).toBe(201);
    expect((await house.ask('PATCH', path, { max_instances: 1 }, as(member.token))).status).toBe(403);
    expect((await house.ask('DELETE', path, undefined, as(member.token))).status).toBe(403);
    expect(await house.ask<Problem>('DELETE', path)).toMatchObject({
      status: 422,
      body: { code: 'deployment-in-use' },
    });
    const dispatcher = createDispatcher(house.deps);
    const row = await house.store.predictions.get(ran.body.id);
    if (row) await dispatcher.finish(row, 'canceled');
    expect((await house.ask('DELETE', path)).status).toBe(204);
    const gone = await house.ask<Problem>('POST', `${path}/predictions`, { input: { text: 'hi' } });
    expect(gone).toMatchObject({ status: 404, body: { code: 'not-found' } });
  });
});

describe('hardware', () => {
  const sku = { sku: 'cpu-big', name: 'Big CPU', gpus: 0, memory_mib: 16_384, price_micros_per_second: 400 };

  it('is a bare array that admins add to', async () => {
    expect((await house.ask('POST', '/v1/hardware', sku, as(member.token))).status).toBe(403);
    const gpu = { gpu_share_mib: 0, gpu_type: null, labels: {}, fallback: [] };
    const made = { ...sku, ...gpu, vram_mib: 0, cpus: 0 };
    expect((await house.ask<WireHardware>('POST', '/v1/hardware', sku)).body).toEqual(made);
    const { body } = await house.ask<WireHardware[]>('GET', '/v1/hardware', undefined, as(member.token));
    expect(body).toContainEqual(made);
    expect(body).toContainEqual(
      expect.objectContaining({ sku: 'cpu', memory_mib: 2048, price_micros_per_second: 100 }),
    );
  });

  it.each([
    ['sku', { sku: 'A B' }],
    ['gpus', { gpus: -1 }],
    ['memory_mib', { memory_mib: 0 }],
    ['price_micros_per_second', { price_micros_per_second: 0.5 }],
    ['gpu_share_mib', { gpu_share_mib: 8_000, gpus: 1 }],
    ['gpu_type', { gpu_type: '**' }],
    ['fallback', { fallback: ['gpu-none'] }],
    ['fallback', { fallback: ['cpu-big'] }],
  ])('with a bad %s is refused', async (field, change) => {
    const { body } = await house.ask<Problem>('POST', '/v1/hardware', { ...sku, ...change });
    expect(body.invalid_fields?.[0]?.field).toBe(field);
  });

  it('may be a share of a GPU of some type on some hosts, and name what to take instead', async () => {
    const share = { gpu_share_mib: 10_240, gpu_type: 'A100 80GB', labels: { zone: 'a' }, fallback: ['gpu-t4', 'cpu'] };
    const made = { ...sku, ...share, sku: 'a100-eighth', vram_mib: 0, cpus: 4 };
    expect(await house.ask<WireHardware>('POST', '/v1/hardware', made)).toMatchObject({ status: 200, body: made });
    expect((await house.ask<WireHardware[]>('GET', '/v1/hardware')).body).toContainEqual(made);
    const misspelt = await house.ask<Problem>('POST', '/v1/hardware', { ...made, fallback: ['gpu-t5'] });
    expect(misspelt.body.detail).toMatch(/"gpu-t5" is not another SKU; choose among .*gpu-t4/);
  });

  it('is removed by admins once nothing uses it, and the refusal says what does', async () => {
    const remove = (name: string, token?: string) =>
      house.ask<Problem>('DELETE', `/v1/hardware/${name}`, undefined, token === undefined ? {} : as(token));
    const spare = { ...sku, sku: 'spare' };
    await house.ask('POST', '/v1/hardware', spare);
    await house.ask('POST', '/v1/hardware', { ...spare, sku: 'leaning', fallback: ['spare'] });
    expect((await remove('spare', member.token)).status).toBe(403);
    const used = await remove('spare');
    expect(used).toMatchObject({ status: 422, body: { code: 'hardware-in-use' } });
    expect(used.body.detail).toBe('spare is used by: the fallbacks of leaning.');
    expect((await remove('cpu')).body.detail).toContain('model hearth/echo');
    expect((await remove('leaning')).status).toBe(204);
    expect((await remove('spare')).status).toBe(204);
    expect((await remove('spare')).status).toBe(404);
  });
});
