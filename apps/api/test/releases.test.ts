import type { WireDeployment, WirePage, WireRelease } from '@hearth/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, type Problem, startHouse } from './harness.ts';

let house: House;
let member: Awaited<ReturnType<House['addCaller']>>;
let first: string;
let second: string;

beforeAll(async () => {
  house = await startHouse();
  member = await house.addCaller('ada', 'member');
  const { model, version } = await house.addModel('echo');
  first = version.id;
  second = 'b'.repeat(64);
  await house.store.models.insertVersion({ ...version, id: second, modelId: model.id });
});
afterAll(() => house.close());

const as = (token: string) => ({ token });
const config = (name: string) => ({
  name,
  model: 'hearth/echo',
  version: first,
  hardware: 'cpu',
  min_instances: 0,
  max_instances: 4,
});
const create = (name: string, token = house.admin.token) =>
  house.ask<WireDeployment>('POST', '/v1/deployments', config(name), as(token));
const releasesOf = async (path: string): Promise<WireRelease[]> =>
  (await house.ask<WirePage<WireRelease>>('GET', `${path}/releases`)).body.results;

describe('a change of a deployment', () => {
  it('is a release of its own, by whoever made it', async () => {
    await create('app', member.token);
    const path = '/v1/deployments/ada/app';
    const changed = await house.ask<WireDeployment>('PATCH', path, { version: second, max_instances: 2 });
    expect(changed.body.current_release).toMatchObject({
      number: 2,
      version: second,
      created_by: { type: 'user', username: 'hearth', name: 'hearth' },
    });
    const [newest, oldest] = await releasesOf(path);
    expect(newest).toEqual({ ...changed.body.current_release, restores: null });
    expect(oldest).toMatchObject({
      number: 1,
      version: first,
      created_by: { username: 'ada' },
      configuration: { max_instances: 4 },
    });
    const listed = await house.ask<WirePage<WireDeployment>>('GET', '/v1/deployments');
    expect(listed.body.results.find(({ name }) => name === 'app')).toEqual(changed.body);
  });

  it('that does not go with another that came in between is refused, whichever was first', async () => {
    await create('torn');
    const path = '/v1/deployments/hearth/torn';
    for (let n = 0; n < 5; n++) {
      await house.ask('PATCH', path, { min_instances: 0, max_instances: 4 });
      const changes = [{ min_instances: 3 }, { max_instances: 2 }];
      const answers = await Promise.all(changes.map((change) => house.ask<Problem>('PATCH', path, change)));
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 422]);
      const refused = answers.find(({ status }) => status === 422);
      expect(refused?.body.invalid_fields).toMatchObject([{ field: 'min_instances', type: 'number_lte' }]);
    }
  });

  it('to what it is already is a release too; one that names nothing is none', async () => {
    await create('same');
    const path = '/v1/deployments/hearth/same';
    const patch = async (body: object) =>
      (await house.ask<WireDeployment>('PATCH', path, body)).body.current_release.number;
    expect(await patch({ max_instances: 4 })).toBe(2);
    expect(await patch({})).toBe(2);
    expect(await patch({ version: null, hardware: null, min_instances: null, max_instances: null })).toBe(2);
    expect(await patch({ version: second, keep_alive: null })).toBe(3);
    expect((await releasesOf(path)).map(({ number }) => number)).toEqual([3, 2, 1]);
  });

  it('leaves what is null as it was at creation, too', async () => {
    const made = await house.ask<WireDeployment>('POST', '/v1/deployments', { ...config('nulls'), keep_alive: null });
    expect(made).toMatchObject({ status: 200, body: { current_release: { configuration: { keep_alive: 300 } } } });
  });
});

describe('a rollback', () => {
  it('makes a new release of an earlier one, and says of which', async () => {
    await create('back');
    const path = '/v1/deployments/hearth/back';
    await house.ask('PATCH', path, { version: second });
    await house.ask('PATCH', path, { max_instances: 9, keep_alive: 1 });
    const to = await house.ask<WireDeployment>('POST', `${path}/rollback`, { release: 1 });
    expect(to).toMatchObject({
      status: 200,
      body: {
        current_release: {
          number: 4,
          restores: 1,
          version: first,
          configuration: { max_instances: 4, keep_alive: 300 },
        },
      },
    });
    const again = await house.ask<WireDeployment>('POST', `${path}/rollback`);
    expect(again.body.current_release).toMatchObject({ number: 5, version: second, configuration: { keep_alive: 1 } });
    expect((await releasesOf(path)).map(({ number, restores }) => [number, restores])).toEqual([
      [5, 3],
      [4, 1],
      [3, null],
      [2, null],
      [1, null],
    ]);
  });

  it('is answered to a body of null, and to an empty one with a content type, as clients send it', async () => {
    await create('empty');
    const path = '/v1/deployments/hearth/empty';
    await house.ask('PATCH', path, { version: second });
    const json = { headers: { 'content-type': 'application/json' } };
    const empty = await house.ask<WireDeployment>('POST', `${path}/rollback`, undefined, json);
    expect(empty.body.current_release).toMatchObject({ number: 3, version: first });
    const nothing = await house.ask<WireDeployment>('POST', `${path}/rollback`, { release: null });
    expect(nothing.body.current_release).toMatchObject({ number: 4, version: second });
  });

  it('is refused with a reason', async () => {
    await create('first');
    const path = '/v1/deployments/hearth/first';
    const refused = async (body?: unknown) => {
      const answer = await house.ask<Problem>('POST', `${path}/rollback`, body);
      return [answer.status, answer.body.detail];
    };
    expect(await refused()).toEqual([422, '- release: hearth/first has had one release only']);
    expect(await refused({ release: 7 })).toEqual([422, '- release: there is no release 7; the newest is 1']);
    expect(await refused({ release: 0 })).toEqual([422, expect.stringContaining('release')]);
    expect(await refused({ to: 1 })).toEqual([422, expect.stringContaining('to')]);
    expect((await house.ask('POST', '/v1/deployments/hearth/none/rollback')).status).toBe(404);
    expect((await house.ask('POST', `${path}/rollback`, {}, as(member.token))).status).toBe(403);
    expect((await releasesOf(path)).length).toBe(1);
  });

  it('to a version that was deleted meanwhile names it', async () => {
    const { model, version } = await house.addModel('shrinking');
    const kept = 'c'.repeat(64);
    await house.store.models.insertVersion({ ...version, id: kept, modelId: model.id });
    const made = { ...config('shrinking'), model: 'hearth/shrinking', version: version.id };
    expect((await house.ask('POST', '/v1/deployments', made)).status).toBe(200);
    const path = '/v1/deployments/hearth/shrinking';
    await house.ask('PATCH', path, { version: kept });
    const deleted = await house.ask('DELETE', `/v1/models/hearth/shrinking/versions/${version.id}`);
    expect(deleted.status, deleted.text).toBe(202);
    const refused = await house.ask<Problem>('POST', `${path}/rollback`);
    expect(refused).toMatchObject({ status: 422, body: { code: 'invalid-version' } });
    expect(refused.body.detail).toContain(version.id);
    expect((await releasesOf(path)).map(({ number }) => number)).toEqual([2, 1]);
  });
});

it('the history comes in pages', async () => {
  await create('long');
  const path = '/v1/deployments/hearth/long';
  const row = await house.store.deployments.byName('hearth', 'long');
  for (let n = 0; n < 100; n++)
    await house.store.deployments.update(row?.id ?? '', { keepAlive: { kind: 'fixed', ms: n } });
  const page = await house.ask<WirePage<WireRelease>>('GET', `${path}/releases`);
  expect(page.body.results.map(({ number }) => number)).toEqual(Array.from({ length: 100 }, (_, n) => 101 - n));
  const rest = await house.ask<WirePage<WireRelease>>(
    'GET',
    new URL(page.body.next ?? '').href.replace(/^.*(?=\/v1)/, ''),
  );
  expect(rest.body).toMatchObject({ next: null, results: [{ number: 1 }] });
  const cursor = Buffer.from('abc').toString('base64url');
  expect((await house.ask('GET', `${path}/releases?cursor=${cursor}`)).status).toBe(422);
});
