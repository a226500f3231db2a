import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createDispatcher, ECHO_SCHEMA, type House, startHouse } from './harness.ts';

// What Replicate's Python client makes of an answer, which is stricter than JavaScript's: pydantic models whose required
// fields may not be null, and literals for the statuses (contract §0.4 to §0.6, §5.2). Unknown fields are ignored there, so
// they are here.

/** Always with Z: the client compares dates as texts. */
const date = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
const id64 = z.string().regex(/^[0-9a-f]{64}$/);
const page = (item: z.ZodType) =>
  z.object({ next: z.string().nullable(), previous: z.string().nullable(), results: z.array(item).min(1) });

const prediction = z.object({
  id: z.string().regex(/^[a-z0-9]{26}$/),
  model: z.string().regex(/^[^/]+\/[^/]+$/),
  version: id64,
  status: z.enum(['starting', 'processing', 'succeeded', 'failed', 'canceled']),
  input: z.record(z.string(), z.unknown()),
  output: z.unknown(),
  logs: z.string(),
  error: z.string().nullable(),
  metrics: z.record(z.string(), z.number()).optional(),
  data_removed: z.boolean(),
  created_at: date,
  started_at: date.optional(),
  completed_at: date.optional(),
  deadline: date.optional(),
  // A dict of strings: one null in it, and the client refuses the prediction.
  urls: z
    .record(z.string(), z.url())
    .refine((urls) => ['get', 'cancel', 'web', 'stream'].every((name) => name in urls)),
});
const training = prediction.extend({ destination: z.string() });
const version = z.object({
  id: id64,
  created_at: date,
  // Declared as may be null, and read by `run("owner/name:version")` as if it could not be.
  cog_version: z.string(),
  openapi_schema: z.record(z.string(), z.unknown()),
});
const model = z.object({
  url: z.url(),
  owner: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  visibility: z.enum(['public', 'private']),
  github_url: z.string().nullable(),
  paper_url: z.string().nullable(),
  license_url: z.string().nullable(),
  cover_image_url: z.string().nullable(),
  run_count: z.int(),
  default_example: prediction.nullable(),
  latest_version: version.nullable(),
});
const account = z.object({ type: z.enum(['user', 'organization']), username: z.string(), name: z.string() });
const deployment = z.object({
  owner: z.string(),
  name: z.string(),
  current_release: z.object({
    number: z.int(),
    model: z.string(),
    version: id64,
    created_at: date,
    created_by: account,
    configuration: z.object({ hardware: z.string(), min_instances: z.int(), max_instances: z.int() }),
  }),
});
const file = z.object({
  id: z.string(),
  name: z.string(),
  content_type: z.string(),
  size: z.int(),
  etag: z.string(),
  checksums: z.record(z.string(), z.string()),
  metadata: z.record(z.string(), z.unknown()),
  created_at: date,
  expires_at: date.optional(),
  urls: z.record(z.string(), z.url()),
});

const TRAINABLE = {
  ...ECHO_SCHEMA,
  components: { schemas: { ...ECHO_SCHEMA.components.schemas, TrainingInput: { type: 'object', properties: {} } } },
};
const DEPLOYMENT = { name: 'ruled', hardware: 'cpu', min_instances: 0, max_instances: 1, model: 'hearth/echo' };

let house: House;
let of: { version: string; ended: string; training: string; file: string };
beforeAll(async () => {
  house = await startHouse();
  const echo = await house.addModel('echo', TRAINABLE);
  await house.addModel('bare');
  await house.ask('POST', '/v1/deployments', { ...DEPLOYMENT, version: echo.version.id });
  const ended = await predictionsInEveryState(echo.version.id);
  const trainings = `/v1/models/hearth/echo/versions/${echo.version.id}/trainings`;
  const trained = await house.ask('POST', trainings, { destination: 'hearth/bare', input: {} });
  const upload = await house.ask<{ id: string }>(
    'POST',
    '/v1/files',
    '--b\r\nContent-Disposition: form-data; name="content"; filename="a.txt"\r\n\r\nhi\r\n--b--\r\n',
    { headers: { 'content-type': 'multipart/form-data; boundary=b' } },
  );
  expect([trained.status, upload.status]).toEqual([201, 201]);
  of = { version: echo.version.id, ended, training: trained.body.id, file: upload.body.id };
});
afterAll(() => house.close());

/** Answers the id of one that has succeeded. */
async function predictionsInEveryState(versionId: string): Promise<string> {
  const dispatcher = createDispatcher(house.deps);
  const made = async (headers: Record<string, string> = {}) => {
    const body = { version: versionId, input: { text: 'hi' } };
    const { body: answer, status } = await house.ask('POST', '/v1/predictions', body, { headers });
    expect(status).toBe(201);
    return answer.id;
  };
  await made({ 'cancel-after': '10m' });
  await dispatcher.claim(await made());
  await dispatcher.finish(await dispatcher.claim(await made()), 'failed', { error: 'boom' });
  await dispatcher.finish(await dispatcher.claim(await made()), 'canceled');
  const late = await house.store.predictions.get(await made());
  if (late === null) throw new Error('no prediction');
  await dispatcher.finish(late, 'aborted', { error: 'The deadline passed before it could start.' });
  const succeeded = await dispatcher.claim(await made());
  await dispatcher.finish(succeeded, 'succeeded', { output: ['hi'], logs: 'said hi\n' });
  return succeeded.id;
}

/** The answer as the client reads it; the error says where it is not what the client takes. */
async function read(rule: z.ZodType, path: string, method: 'GET' | 'POST' | 'PATCH' = 'GET', body?: object) {
  const { status, body: answer, headers } = await house.ask<unknown>(method, path, body);
  expect(status).toBeLessThan(300);
  expect(headers['content-type']).toMatch(/^application\/json/);
  const { error } = rule.safeParse(answer);
  expect(error && z.prettifyError(error)).toBeUndefined();
  return answer;
}

describe('what the Python client reads', () => {
  it('predictions in every state, one by one and as a page', async () => {
    const list = (await read(page(prediction), '/v1/predictions')) as { results: { id: string; status: string }[] };
    expect(new Set(list.results.map(({ status }) => status)).size).toBe(5);
    for (const { id } of list.results) await read(prediction, `/v1/predictions/${id}`);
  });

  it.each(['/v1/predictions', '/v1/models/hearth/echo/predictions', '/v1/deployments/hearth/ruled/predictions'])(
    'a prediction made by POST %s, and its cancel',
    async (path) => {
      const target = path === '/v1/predictions' ? { version: of.version } : {};
      const made = (await read(prediction, path, 'POST', { ...target, input: { text: 'hi' } })) as { id: string };
      await read(prediction, `/v1/predictions/${made.id}/cancel`, 'POST');
    },
  );

  it('a held one whose time is up', async () => {
    const body = { version: of.version, input: { text: 'hi' } };
    const { body: held } = await house.ask('POST', '/v1/predictions', body, { headers: { prefer: 'wait=1' } });
    expect(prediction.parse(held)).toMatchObject({ status: 'starting', output: null, logs: '' });
  });

  it('trainings', async () => {
    await read(training, `/v1/trainings/${of.training}`);
    await read(page(training), '/v1/trainings');
    await read(prediction, `/v1/predictions/${of.training}`);
    await read(training, `/v1/trainings/${of.training}/cancel`, 'POST');
  });

  it('models and versions', async () => {
    const echo = (await read(model, '/v1/models/hearth/echo')) as { latest_version: unknown };
    expect(echo.latest_version).not.toBeNull();
    await read(page(model), '/v1/models');
    await read(page(version), '/v1/models/hearth/echo/versions');
    await read(version, `/v1/models/hearth/echo/versions/${of.version}`);
    const fresh = { owner: 'hearth', name: 'fresh', visibility: 'private', hardware: 'cpu' };
    await read(model, '/v1/models', 'POST', fresh);
  });

  it('deployments', async () => {
    await read(deployment, '/v1/deployments/hearth/ruled');
    await read(page(deployment), '/v1/deployments');
    await read(deployment, '/v1/deployments', 'POST', { ...DEPLOYMENT, name: 'other', version: of.version });
    await read(deployment, '/v1/deployments/hearth/other', 'PATCH', { max_instances: 2 });
  });

  it('files, hardware, the account and the webhook secret', async () => {
    await read(file, `/v1/files/${of.file}`);
    await read(page(file), '/v1/files');
    await read(z.array(z.object({ name: z.string(), sku: z.string() })).min(1), '/v1/hardware');
    await read(account, '/v1/account');
    await read(z.object({ key: z.string().regex(/^whsec_[A-Za-z0-9+/]+=*$/) }), '/v1/webhooks/default/secret');
  });

  it('under either base URL', async () => {
    await read(prediction, `/v1/v1/predictions/${of.ended}`);
    await read(account, '/v1/v1/account');
  });
});

it.each([
  ['file', () => `/v1/files/${of.file}`],
  ['deployment', () => '/v1/deployments/hearth/gone'],
  ['model', () => '/v1/models/hearth/gone'],
])('a removed %s is a 204 with nothing in it', async (_what, path) => {
  await house.ask('POST', '/v1/deployments', { ...DEPLOYMENT, name: 'gone', version: of.version });
  await house.ask('POST', '/v1/models', { owner: 'hearth', name: 'gone', visibility: 'private', hardware: 'cpu' });
  const { status, text, headers } = await house.ask('DELETE', path());
  expect([status, text, headers['content-type']]).toEqual([204, '', undefined]);
});

describe('who may do what', () => {
  it('is told by the status, and never by 409', async () => {
    const stranger = await house.addCaller('stranger', 'member');
    const secret = await house.addModel('secret', undefined, 'private');
    const ask = async (token: string, method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object) => {
      const answer = await house.ask<{ code?: string }>(method, path, body, { token });
      return [answer.status, answer.body?.code, answer.headers['www-authenticate']];
    };
    const input = { input: { text: 'hi' } };
    const asStranger = ask.bind(null, stranger.token);
    expect(await ask('nobody', 'GET', '/v1/account')).toEqual([401, 'unauthenticated', 'Bearer']);
    expect(await ask('nobody', 'POST', '/v1/predictions', input)).toEqual([401, 'unauthenticated', 'Bearer']);
    // What may not be seen is not there; what may be seen and not changed is forbidden.
    for (const path of [
      '/v1/models/hearth/secret',
      `/v1/models/hearth/secret/versions/${secret.version.id}`,
      `/v1/predictions/${of.ended}`,
      `/v1/trainings/${of.training}`,
    ]) {
      expect([path, ...(await asStranger('GET', path))]).toEqual([path, 404, 'not-found', undefined]);
    }
    expect(await asStranger('POST', '/v1/models/hearth/secret/predictions', input)).toEqual([
      404,
      'not-found',
      undefined,
    ]);
    expect(await asStranger('PATCH', '/v1/models/hearth/echo', { description: 'x' })).toEqual([
      403,
      'forbidden',
      undefined,
    ]);
    expect(await asStranger('DELETE', '/v1/models/hearth/bare')).toEqual([403, 'forbidden', undefined]);
    expect(await asStranger('PATCH', '/v1/deployments/hearth/ruled', { max_instances: 3 })).toEqual([
      403,
      'forbidden',
      undefined,
    ]);
    expect(await asStranger('POST', '/v1/tokens', { name: 'x', username: 'x', operator: true })).toEqual([
      403,
      'forbidden',
      undefined,
    ]);
    // Permanent: a client that retries 409 must not retry it.
    const taken = { ...DEPLOYMENT, version: of.version };
    expect(await ask(house.admin.token, 'POST', '/v1/deployments', taken)).toEqual([422, 'name-taken', undefined]);
  });
});
