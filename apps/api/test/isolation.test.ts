import { randomBytes } from 'node:crypto';
import type { WireDeployment, WireFile, WireNewToken, WireTraining } from '@hearth/contract';
import { systemNow } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDispatcher, ECHO_SCHEMA, type House, startHouse } from './harness.ts';
import { addInstance } from './parts.ts';
import { filled, type Route, routesOf } from './routes.ts';

const SCHEMA = {
  ...ECHO_SCHEMA,
  components: { schemas: { ...ECHO_SCHEMA.components.schemas, TrainingInput: { type: 'object', properties: {} } } },
};
/** In everything of Ada's that a person wrote. */
const MARK = 'moonshot';

let house: House;
let routes: Route[];
let ada: Awaited<ReturnType<House['addCaller']>>;
let eve: Awaited<ReturnType<House['addCaller']>>;
/** What a path can name: Ada's, by the name of the parameter, and the same of nobody. */
let hers: Record<string, string>;
let nobodys: Record<string, string>;
/** Everything of Ada's that has an id or a name. */
let secrets: string[];

/** A private model with all that can hang on it. */
beforeAll(async () => {
  // What is told in seconds since then is the same whenever it is asked for.
  const now = systemNow();
  house = await startHouse({ deps: (deps) => ({ ...deps, now: () => now }) });
  routes = await routesOf(house);
  [ada, eve] = [await house.addCaller('ada', 'member'), await house.addCaller('eve', 'member')];
  const { store } = house;
  const as = { token: ada.token };
  const model = { owner: 'ada', name: MARK, visibility: 'private', hardware: 'cpu', description: MARK };
  await house.ask('POST', '/v1/models', model, as);
  const { id: modelId } = (await store.models.byName('ada', MARK)) ?? { id: '' };
  const version = await store.models.insertVersion({
    id: randomBytes(32).toString('hex'),
    modelId,
    source: { kind: 'image', image: `registry.test/${MARK}` },
    runtime: 'docker',
    openapiSchema: SCHEMA,
    cogVersion: '0.16.12',
    slots: 1,
  });
  const deployed = { model: `ada/${MARK}`, version: version.id, hardware: 'cpu', min_instances: 0, max_instances: 1 };
  await house.ask<WireDeployment>('POST', '/v1/deployments', { name: `${MARK}-live`, ...deployed }, as);
  const deployment = await store.deployments.byName('ada', `${MARK}-live`);
  const input = { text: MARK };
  const made = await house.ask('POST', `/v1/deployments/ada/${MARK}-live/predictions`, { input }, as);
  const dispatcher = createDispatcher(house.deps);
  await dispatcher.finish(await dispatcher.claim(made.body.id), 'succeeded', { output: [MARK] });
  const shown = await house.ask('POST', '/v1/predictions', { version: version.id, input }, as);
  await dispatcher.finish(await dispatcher.claim(shown.body.id), 'succeeded', { output: [MARK] });
  await house.ask('POST', `/v1/models/ada/${MARK}/examples`, { prediction: shown.body.id }, as);
  const trained = await house.ask<WireTraining>(
    'POST',
    `/v1/models/ada/${MARK}/versions/${version.id}/trainings`,
    { destination: `ada/${MARK}`, input: {} },
    as,
  );
  const token = await house.ask<WireNewToken>('POST', '/v1/tokens', { name: MARK }, as);
  await house.ask('POST', '/v1/accounts/ada/members', { name: MARK }, as);
  await house.ask('PUT', `/v1/collections/all`, { name: 'All', description: 'Of all', models: [`ada/${MARK}`] });
  const file = await upload(ada.token);
  const instance = await addInstance(house, { id: deployment?.id ?? '', versionId: version.id }, { reason: MARK });
  hers = {
    owner: 'ada',
    username: 'ada',
    name: MARK,
    id: version.id,
    message: `msg_${'0'.repeat(26)}`,
    slug: 'all',
    sku: 'cpu',
    deployment: `${MARK}-live`,
    prediction: made.body.id,
    shown: shown.body.id,
    training: trained.body.id,
    file: file.id,
    instance,
    token: token.body.id,
  };
  nobodys = Object.fromEntries(
    Object.entries(hers).map(([name, value]) => [name, name === 'username' ? 'nobody' : changed(value)]),
  );
  nobodys.owner = 'ada';
  secrets = [MARK, version.id, made.body.id, shown.body.id, trained.body.id, file.id, instance, token.body.id];
});
afterAll(() => house.close());

/** Another of the same form, which names nothing. */
const changed = (id: string): string => `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`;

async function upload(token: string): Promise<WireFile> {
  const boundary = 'a-boundary';
  const disposition = `content-disposition: form-data; name="content"; filename="${MARK}.txt"`;
  const response = await house.app.inject({
    method: 'POST',
    url: '/v1/files',
    headers: { authorization: `Bearer ${token}`, 'content-type': `multipart/form-data; boundary=${boundary}` },
    payload: `--${boundary}\r\n${disposition}\r\n\r\n${MARK}\r\n--${boundary}--\r\n`,
  });
  return response.json<WireFile>();
}

/** Which of Ada's things `{id}` and `{name}` of a path are. */
function named(path: string, of: Record<string, string>): Record<string, string> {
  const is = (prefix: string) => path.startsWith(`/v1/${prefix}`);
  const ids: [string, string | undefined][] = [
    ['predictions', of.prediction],
    ['trainings', of.training],
    ['files', of.file],
    ['instances', of.instance],
    ['tokens', of.token],
  ];
  const id = ids.find(([prefix]) => is(prefix))?.[1] ?? (path.includes('/examples/') ? of.shown : of.id);
  return { ...of, ...(id && { id }), ...(is('deployments/') && of.deployment && { name: of.deployment }) };
}

/** What a body names; the rest of the routes with one refuse before they look at it. */
const bodies = (of: Record<string, string>): Record<string, object> => ({
  'POST /v1/predictions': { version: of.id, input: { text: 'hi' } },
  'POST /v1/models/{owner}/{name}/predictions': { input: { text: 'hi' } },
  'POST /v1/deployments/{owner}/{name}/predictions': { input: { text: 'hi' } },
  'POST /v1/models/{owner}/{name}/versions/{id}/trainings': { destination: 'eve/x', input: {} },
  'POST /v1/models/{owner}/{name}/versions': { image: 'registry.test/x:1' },
  'POST /v1/models/{owner}/{name}/examples': { prediction: of.shown },
  'PATCH /v1/models/{owner}/{name}': { visibility: 'public' },
  'POST /v1/deployments': {
    name: 'x',
    model: `ada/${of.name}`,
    version: of.id,
    hardware: 'cpu',
    min_instances: 0,
    max_instances: 1,
  },
  'PATCH /v1/deployments/{owner}/{name}': { max_instances: 3 },
  'POST /v1/accounts/{username}/members': { name: 'eve', role: 'owner' },
  'PATCH /v1/accounts/{username}/members/{name}': { role: 'owner' },
  'PUT /v1/tokens/{id}/budget': { day_micros: 1 },
});

const ask = (route: Route, of: Record<string, string>, token: string, query = '') => {
  const body = bodies(of)[`${route.method} ${route.path}`];
  return house.app.inject({
    method: route.method as 'GET',
    url: filled(route.path, named(route.path, of)) + query,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { payload: JSON.stringify(body) }),
  });
};

/** What is the installation's or everybody's, and not Ada's, though it has a name. */
const OF_NOBODY = /\/(?:hosts|hardware|collections)\//;
const CAPABILITY = /\/(?:download|streams|outputs|stream-)/;
/** Everything that names something of hers. */
const naming = () => routes.filter(({ path }) => path.includes('{') && !OF_NOBODY.test(path) && !CAPABILITY.test(path));
/** Everything that names nothing, or nothing of hers, and shows something. */
const listing = () =>
  routes.filter(
    ({ method, path }) => /GET|QUERY/.test(method) && (!path.includes('{') || path.includes('/collections/')),
  );

/** All that Ada sees of her own, without what reading it changes. */
async function everything(): Promise<unknown> {
  const seen = await Promise.all(
    [...naming(), ...listing()]
      .filter(({ method, path }) => method === 'GET' && !/board|verify|logs|explain|audit|download/.test(path))
      .map(async (route) => [route.path, (await ask(route, hers, ada.token)).body]),
  );
  return JSON.parse(JSON.stringify(seen).replaceAll(/\\"last_used_at\\":(?:null|\\"[^"]*\\"),?/g, ''));
}

describe("another account's token", () => {
  it('is refused what names something private, as what names nothing, and changes none of it', async () => {
    const before = await everything();
    expect(naming().length).toBeGreaterThan(40);
    for (const route of naming()) {
      const [real, none] = [await ask(route, hers, eve.token), await ask(route, nobodys, eve.token)];
      // The operator's own routes say so to everybody; a version that may not be run is the body's fault.
      const expected = route.needs === 'operator' ? 403 : 404;
      expect([route.method, route.path, real.statusCode]).toEqual([route.method, route.path, expected]);
      const blank = (text: string, of: Record<string, string>) =>
        Object.values(named(route.path, of)).reduce((rest, value) => rest.replaceAll(value, '#'), text);
      expect(blank(real.body, hers)).toBe(blank(none.body, nobodys));
    }
    expect(await everything()).toEqual(before);
  });

  it('cannot run or deploy a private version by its id', async () => {
    for (const path of ['/v1/predictions', '/v1/deployments']) {
      const route = { method: 'POST', path, needs: 'run' } as const;
      const [real, none] = [await ask(route, hers, eve.token), await ask(route, nobodys, eve.token)];
      expect([real.statusCode, real.json<{ code: string }>().code]).toEqual([422, 'invalid-version']);
      expect(real.body.replaceAll(hers.id ?? '', '#')).toBe(none.body.replaceAll(nobodys.id ?? '', '#'));
    }
  });

  it('finds nothing private in what lists, searches, counts or watches', async () => {
    // One that has asked for none of it, because what an account asked for is in its own audit log.
    const { token } = await house.addCaller('mallory', 'member');
    const queries: Record<string, string> = {
      '/v1/search': `?query=${MARK}`,
      '/v1/usage/csv': '?by=model',
    };
    for (const route of listing()) {
      const { body, statusCode } = await ask(route, hers, token, queries[route.path] ?? '');
      const told = secrets.filter((secret) => body.replace(`"query":"${MARK}"`, '').includes(secret));
      expect([route.method, route.path, told, statusCode < 500]).toEqual([route.method, route.path, [], true]);
    }
    for (const query of ['?by=model', '?by=version', '?by=deployment'])
      expect((await house.ask('GET', `/v1/usage${query}`, undefined, { token })).text).not.toContain(MARK);
  });

  it.each(['/v1/instances', '/v1/instances/timeline'])(
    'cannot tell from a filter of %s what there is',
    async (path) => {
      const asked = (name: string) =>
        house.ask('GET', `${path}?deployment=ada/${name}`, undefined, { token: eve.token });
      const [real, none] = [await asked(`${MARK}-live`), await asked('none')];
      expect([real.status, none.status]).toEqual([404, 404]);
      expect(
        (await house.ask('GET', `${path}?deployment=ada/${MARK}-live`, undefined, { token: ada.token })).status,
      ).toBe(200);
    },
  );

  it('cannot give a private upload to a model', async () => {
    const { version } = await house.addModel('echo');
    const input = { text: 'hi', image: `http://hearth.test/v1/files/${hers.file}` };
    const answer = await house.ask('POST', '/v1/predictions', { version: version.id, input }, { token: eve.token });
    expect(answer.status).toBe(422);
  });

  it('is not shown what a public model printed before it failed', async () => {
    const { deployment } = await house.addModel('failing');
    const at = systemNow();
    const id = await addInstance(house, deployment, { at });
    const failure = {
      kind: 'setup_error',
      phase: 'setup',
      message: 'No weights',
      logTail: MARK,
      exitCode: 1,
      at,
    } as const;
    await house.store.instances.move(id, 'booting', 'bootFailed', { at, failure });
    const asked = async (token: string) =>
      (await house.ask('GET', '/v1/instances?all=true&deployment=hearth/failing', undefined, { token })).text;
    expect(await asked(eve.token)).toContain('No weights');
    expect(await asked(eve.token)).not.toContain(MARK);
    expect(await asked(house.admin.token)).toContain(MARK);
  });

  it('runs a public model, and changes nothing of it', async () => {
    const { model, version } = await house.addModel('shared');
    const token = { token: eve.token };
    const run = await house.ask('POST', '/v1/predictions', { version: version.id, input: { text: 'hi' } }, token);
    expect(run.status).toBe(201);
    expect((await house.ask('GET', `/v1/predictions/${run.body.id}`, undefined, { token: ada.token })).status).toBe(
      404,
    );
    for (const [method, path, body] of [
      ['PATCH', '', { description: 'mine' }],
      ['DELETE', '', undefined],
      ['DELETE', `/versions/${version.id}`, undefined],
      ['POST', '/versions', { image: 'registry.test/x:1' }],
      ['POST', '/examples', { prediction: run.body.id }],
    ] as const) {
      const answer = await house.ask(method, `/v1/models/hearth/shared${path}`, body, token);
      expect([method, path, answer.status]).toEqual([method, path, 403]);
    }
    expect(await house.store.models.byName('hearth', 'shared')).toEqual(model);
  });
});

it('its owner, and the operator, see all of it', async () => {
  for (const token of [ada.token, house.admin.token]) {
    for (const route of naming().filter(({ method, needs }) => method === 'GET' && needs === 'read')) {
      if (/readme|explain|logs/.test(route.path)) continue;
      const { statusCode } = await ask(route, hers, token);
      expect([route.path, statusCode]).toEqual([
        route.path,
        /files/.test(route.path) && token !== ada.token ? 404 : 200,
      ]);
    }
  }
});
