import type { WireModel, WirePage, WirePrediction } from '@hearth/contract';
import { newId } from '@hearth/kit';
import Replicate from 'replicate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, type Problem, startHouse } from './harness.ts';

const DAY_MS = 86_400_000;
let house: House;
let member: Awaited<ReturnType<House['addCaller']>>;
beforeAll(async () => {
  house = await startHouse();
  member = await house.addCaller('member', 'member');
});
afterAll(() => house.close());

interface Named {
  readonly name: string;
}
/** A list as a client walks it, forth to its end and back. */
async function walk<Item>(url: string, token: string): Promise<{ pages: Item[][]; back: Item[][] }> {
  const read = async (at: string) => {
    const { status, body } = await house.ask<WirePage<Item>>('GET', at.replace('http://hearth.test', ''), undefined, {
      token,
    });
    expect(status).toBe(200);
    return body;
  };
  const pages: Item[][] = [];
  const back: Item[][] = [];
  let page = await read(url);
  expect(page.previous).toBeNull();
  pages.push(page.results);
  while (page.next !== null) {
    page = await read(page.next);
    pages.push(page.results);
  }
  while (page.previous !== null) {
    page = await read(page.previous);
    back.unshift(page.results);
  }
  return { pages, back };
}

describe('the list of models', () => {
  const all: string[] = [];
  beforeAll(async () => {
    const model = { visibility: 'public' as const, hardwareSku: 'cpu', description: null, githubUrl: null };
    const links = { paperUrl: null, licenseUrl: null, coverImageUrl: null };
    for (let n = 0; n < 210; n++) {
      const name = `model-${n}`;
      const visibility = n % 3 === 0 ? 'private' : 'public';
      const made = await house.store.models.insert({ ...model, ...links, owner: 'hearth', name, visibility });
      if (made === 'taken') throw new Error(`${name} is there already`);
      if (visibility === 'public') all.push(name);
    }
  });

  it.each(['asc', 'desc'])('is walked forth and back, each model once, %s', async (direction) => {
    const url = `/v1/models?sort_by=model_created_at&sort_direction=${direction}`;
    const { pages, back } = await walk<Named>(url, house.admin.token);
    expect(pages.map(({ length }) => length)).toEqual([100, 100, 10]);
    expect(back).toEqual(pages.slice(0, -1));
    const names = pages.flat().map(({ name }) => name);
    expect(new Set(names).size).toBe(210);
    const places = names.map((name) => Number(name.slice('model-'.length)));
    expect(direction === 'asc' ? places[0] : places[209]).toBeLessThan(10);
  });

  it('has full pages also for who may not see all of them', async () => {
    const { pages, back } = await walk<Named>('/v1/models?sort_by=model_created_at', member.token);
    expect(pages.map(({ length }) => length)).toEqual([100, 40]);
    expect(back).toEqual([pages[0]]);
    // Within one millisecond the order is random.
    const names = pages.flat().map(({ name }) => name);
    expect(names.toSorted()).toEqual(all.toSorted());
  });

  it('goes by the newest version where nothing else is said', async () => {
    const { version } = await house.addModel('older');
    await house.addModel('newer');
    const names = async (query: string) =>
      (await house.ask<WirePage<Named>>('GET', `/v1/models${query}`)).body.results.slice(0, 2).map(({ name }) => name);
    expect(await names('')).toEqual(['newer', 'older']);
    const model = await house.store.models.byName('hearth', 'older');
    await house.store.models.insertVersion({ ...version, id: 'f'.repeat(64), modelId: model?.id ?? '' });
    expect(await names('')).toEqual(['older', 'newer']);
    expect(await names('?sort_by=model_created_at')).toEqual(['newer', 'older']);
    expect(await names('?sort_by=latest_version_created_at&sort_direction=asc')).toEqual([
      expect.stringMatching(/^model-\d$/),
      expect.stringMatching(/^model-\d$/),
    ]);
  });

  it.each([
    ['querystring.sort_by', 'sort_by=name'],
    ['querystring.sort_direction', 'sort_direction=up'],
    ['cursor', 'cursor=x'],
    ['cursor', `cursor=${Buffer.from('before:01abc').toString('base64url')}`],
    ['cursor', `cursor=${Buffer.from('beside:1.a').toString('base64url')}`],
    ['cursor', `cursor=${Buffer.from("before:1.a' or true").toString('base64url')}`],
  ])('with a bad %s is refused: %s', async (field, query) => {
    const { status, body } = await house.ask<Problem>('GET', `/v1/models?${query}`);
    expect([status, body.invalid_fields?.[0]?.field]).toEqual([422, field]);
  });

  it('is walked by the official client, at either base URL', async () => {
    const url = await house.app.listen({ host: '127.0.0.1', port: 0 });
    const here = (input: string | URL | Request) =>
      (input instanceof Request ? input.url : input.toString()).replace('http://hearth.test', url);
    for (const baseUrl of [`${url}/v1`, `${url}/v1/v1`]) {
      const replicate = new Replicate({
        auth: house.admin.token,
        baseUrl,
        fetch: (input, init) => fetch(here(input), init),
      });
      const names: string[] = [];
      for await (const page of replicate.paginate(() => replicate.models.list())) {
        names.push(...page.map(({ name }) => name));
      }
      expect(new Set(names).size).toBe(212);
      const found = await replicate.models.search('model 7');
      expect(found.results.map(({ name }) => name)).toContain('model-7');
      expect((await replicate.collections.list()).results).toEqual([]);
    }
  });
});

describe('the list of predictions', () => {
  const ids: Record<string, string> = {};
  let token: string;
  const at = Date.parse('2026-01-15T12:00:00.000Z');
  beforeAll(async () => {
    const caller = await house.addCaller('lister', 'member');
    token = caller.token;
    const { version, deployment } = await house.addModel('listed');
    const rows = [
      ['january', at, 'api'],
      ['recent', Date.now() - DAY_MS, 'api'],
      ['web', Date.now() - 13 * DAY_MS, 'web'],
      ['old web', Date.now() - 15 * DAY_MS, 'web'],
    ] as const;
    for (const [name, createdAt, source] of rows) {
      const id = newId(createdAt);
      ids[name] = id;
      await house.store.predictions.insert({
        id,
        accountId: caller.account.id,
        model: 'hearth/listed',
        versionId: version.id,
        deploymentId: deployment.id,
        deployment: null,
        hardwareSku: 'cpu',
        input: {},
        source,
        webhook: null,
        webhookEventsFilter: null,
        createdAt,
        deadlineAt: null,
        kind: 'prediction',
        destination: null,
        streamsFiles: false,
      });
    }
  });
  const list = async (query: string) => {
    const { body } = await house.ask<WirePage<WirePrediction>>('GET', `/v1/predictions?${query}`, undefined, { token });
    return body.results.map(({ id }) => Object.keys(ids).find((name) => ids[name] === id));
  };

  it('of the web page’s has those of the last 14 days', async () => {
    expect(await list('source=web')).toEqual(['web']);
    expect(await list(`source=web&created_after=${new Date(Date.now() - 2 * DAY_MS).toISOString()}`)).toEqual([]);
  });

  it.each([
    ['created_after=2026-01-15T12:00:00.000Z&created_before=2026-01-16', ['january']],
    ['created_after=2026-01-15T12:00:00.001Z&created_before=2026-01-16', []],
    ['created_after=2026-01-15&created_before=2026-01-15T12:00:00.001Z', ['january']],
    ['created_after=2026-01-15&created_before=2026-01-15T12:00:00.000Z', []],
    ['created_after=2026-01-15T13:00:00%2B01:00&created_before=2026-01-15T13:00:01%2B01:00', ['january']],
    ['created_after=0000-01-01&created_before=0001-01-01T00:00:00Z', []],
    ['created_after=9999-12-31', []],
  ])('is bounded by %s', async (query, names) => {
    expect(await list(query)).toEqual(names);
  });

  it.each([
    ['created_after', 'created_after=yesterday'],
    ['created_before', 'created_before=2026-02-30'],
    ['created_before', 'created_before='],
    ['source', 'source=cli'],
  ])('with a bad %s is refused: %s', async (field, query) => {
    const { status, body } = await house.ask<Problem>('GET', `/v1/predictions?${query}`, undefined, { token });
    expect([status, body.invalid_fields?.[0]?.field]).toEqual([422, `querystring.${field}`]);
  });
});

it('everything below /v1 is below /v1/v1 too, whatever the method', async () => {
  const model = { owner: 'hearth', name: 'alias', visibility: 'private', hardware: 'cpu' };
  expect((await house.ask('POST', '/v1/v1/models', model)).status).toBe(201);
  const changed = await house.ask<WireModel>('PATCH', '/v1/v1/models/hearth/alias', { description: 'Twice' });
  expect(changed.body.description).toBe('Twice');
  const headers = { authorization: `Bearer ${house.admin.token}` };
  const head = await house.app.inject({ method: 'HEAD', url: '/v1/v1/models/hearth/alias', headers });
  expect(head.statusCode).toBe(200);
  expect((await house.ask('DELETE', '/v1/v1/models/hearth/alias')).status).toBe(204);
  const unsigned = await house.ask<Problem>('GET', '/v1/v1/files/x/download?owner=a&expiry=1&signature=b');
  expect(unsigned).toMatchObject({ status: 404, body: { code: 'not-found' } });
  for (const url of ['/v1/v1/streams/x', '/v1/v1/outputs/x/y']) {
    expect(await house.ask<Problem>('GET', url)).toMatchObject({ status: 404, body: { code: 'not-found' } });
  }
  const unknown = await house.ask<Problem>('GET', '/v1/v1/v1/models');
  expect(unknown).toMatchObject({ status: 404, body: { code: 'no-such-route' } });
});
