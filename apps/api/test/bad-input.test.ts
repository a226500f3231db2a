import { request as httpRequest } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type House, type Problem, startHouse } from './harness.ts';

let house: House;
let version: string;
let deploymentId: string;
let url: string;
beforeAll(async () => {
  house = await startHouse();
  const echo = await house.addModel('echo');
  version = echo.version.id;
  deploymentId = echo.deployment.id;
  url = await house.app.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(() => house.close());

/** Whatever was refused: no row, no ticket. */
afterEach(async () => {
  expect(await house.store.predictions.waitingTickets(null, 10)).toEqual([]);
  expect(await house.queues.depth(deploymentId)).toEqual({ waiting: 0, active: 0 });
});

const post = async (body: unknown, headers: Record<string, string> = {}) => {
  const answer = await house.ask<Problem>('POST', '/v1/predictions', body, { headers });
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(answer.body.status).toBe(answer.status);
  return answer;
};

describe('bad input is refused with the field, and nothing is stored or queued', () => {
  it.each([
    ['an unknown field', { text: 'hi', nope: 1 }, 'input.nope', 'additional_property_not_allowed'],
    ['a wrong type', { text: 7 }, 'input.text', 'invalid_type'],
    ['out of range', { text: 'hi', rate: 101 }, 'input.rate', 'number_lte'],
    ['a missing field', {}, 'input.text', 'required'],
    ['no such choice', { text: 'hi', mode: 'x' }, 'input.mode', 'enum'],
    ['a local path as a file', { text: 'hi', image: '/etc/passwd' }, 'input.image', 'format'],
    [
      'an upload that is not there',
      { text: 'hi', image: 'http://hearth.test/v1/files/01nothere' },
      'input.image',
      'file_not_found',
    ],
  ])('%s in the input', async (_name, input, field, type) => {
    const { status, body } = await post({ version, input });
    expect(status).toBe(422);
    expect(body).toMatchObject({
      title: 'Input validation failed',
      code: 'invalid-input',
      invalid_fields: [{ field, type }],
    });
    expect(body.detail).toMatch(/^- input/);
  });

  it.each([
    ['an unknown field', { input: {}, foo: 1 }, 'foo'],
    ['no input', {}, 'input'],
    ['an input that is a list', { input: [] }, 'input'],
    ['a webhook that is no URL', { input: {}, webhook: 'localhost' }, 'webhook'],
    ['a webhook to a file', { input: {}, webhook: 'file:///etc/passwd' }, 'webhook'],
    ['an unknown event', { input: {}, webhook_events_filter: ['end'] }, 'webhook_events_filter.0'],
  ])('%s in the request', async (_name, request, field) => {
    const { status, body } = await post({ version, ...request });
    expect(status).toBe(422);
    expect(body.invalid_fields?.map((one) => one.field)).toEqual([field]);
  });

  it.each(['x', 'no/model', `hearth/echo:${'0'.repeat(64)}`, '0'.repeat(64), 'other/echo:VERSION', '../..', 'a\0b'])(
    'the version %j',
    async (reference) => {
      const { status, body } = await post({ version: reference.replace('VERSION', version), input: { text: 'hi' } });
      expect([status, body.title]).toEqual([422, 'Invalid version or not permitted']);
    },
  );

  it('a body that is not JSON', async () => {
    expect(await post('{"version":')).toMatchObject({ status: 400, body: { code: 'malformed-json' } });
  });

  it('an empty body that says it is JSON', async () => {
    const { status, body } = await post('');
    expect([status, body.invalid_fields?.[0]?.field]).toEqual([422, 'body']);
  });

  it('a body of another kind', async () => {
    expect((await post('a=b', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
  });

  it.each(['1s', '4.999', '31d', '99999999d', '', 'soon'])('a Cancel-After of %j', async (duration) => {
    const { status, body } = await post({ version, input: { text: 'hi' } }, { 'cancel-after': duration });
    expect([status, body.invalid_fields?.[0]?.field]).toEqual([422, 'Cancel-After']);
  });

  it('a number that JSON can write and nothing can hold', async () => {
    const { status, body } = await post(`{"version":"${version}","input":{"text":"hi","scale":1e400}}`);
    expect([status, body.invalid_fields?.[0]?.field]).toEqual([422, 'input.scale']);
  });

  it('an input nested without end', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    // In a field that takes anything, and in one whose complaint would show what it got.
    for (const input of [`{"text":"hi","any":${deep}}`, `{"text":${deep}}`]) {
      const { status, body } = await post(`{"version":"${version}","input":${input}}`);
      expect([status, body.code]).toEqual([422, 'invalid-input']);
    }
  });

  it('50 MB, announced: the sender gets to read the answer', async () => {
    const body = JSON.stringify({ version, input: { text: 'x'.repeat(50_000_000) } });
    const response = await fetch(`${url}/v1/predictions`, { method: 'POST', headers: headers(), body });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: 'body-too-large' });
  });

  it('50 MB, not announced', async () => {
    const sent = new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const request = httpRequest(`${url}/v1/predictions`, { method: 'POST', headers: headers() }, (response) => {
        response
          .setEncoding('utf8')
          .toArray()
          .then((chunks) => resolve({ status: response.statusCode, text: chunks.join('') }), reject);
      });
      request.on('error', reject);
      request.write(`{"version":"${version}","input":{"text":"`);
      for (let i = 0; i < 50; i++) request.write('x'.repeat(1_000_000));
      request.end('"}}');
    });
    const { status, text } = await sent;
    expect([status, JSON.parse(text).code]).toEqual([413, 'body-too-large']);
  });
});

const headers = () => ({ authorization: `Bearer ${house.admin.token}`, 'content-type': 'application/json' });

describe('who asks', () => {
  it.each([undefined, 'Bearer', 'Bearer nonsense', 'Basic aGVhcnRoOg=='])('%s is not known', async (authorization) => {
    const response = await house.app.inject({
      method: 'POST',
      url: '/v1/predictions',
      headers: { ...(authorization && { authorization }), 'content-type': 'application/json' },
      payload: JSON.stringify({ version, input: { text: 'hi' } }),
    });
    expect([response.statusCode, response.json().title]).toEqual([401, 'Unauthenticated']);
  });

  it("may not run another account's private model, nor learn that it is there", async () => {
    await house.addModel('secret', undefined, 'private');
    const member = await house.addCaller('stranger', 'member');
    const body = { version: 'hearth/secret', input: { text: 'hi' } };
    const refused = await house.ask<Problem>('POST', '/v1/predictions', body, { token: member.token });
    expect(refused).toMatchObject({ status: 422, body: { code: 'invalid-version' } });
    const unknown = await house.ask<Problem>('GET', '/v1/models/hearth/secret', undefined, { token: member.token });
    expect(unknown.status).toBe(404);
  });

  it("may not use another account's upload", async () => {
    const owner = await house.addCaller('owner', 'member');
    const thief = await house.addCaller('thief', 'member');
    const form = new FormData();
    form.append('content', new Blob(['secret']), 'a.txt');
    const upload = await fetch(`${url}/v1/files`, {
      method: 'POST',
      headers: { authorization: `Bearer ${owner.token}` },
      body: form,
    });
    const { id } = (await upload.json()) as { id: string };
    for (const image of [`http://hearth.test/v1/files/${id}`, `http://10.0.0.9/v1/v1/files/${id}/download?a=b`]) {
      const body = { version, input: { text: 'hi', image } };
      const refused = await house.ask<Problem>('POST', '/v1/predictions', body, { token: thief.token });
      expect(refused.body.invalid_fields).toMatchObject([{ type: 'file_not_found', field: 'input.image' }]);
    }
  });
});

describe('everything else that goes wrong', () => {
  it.each([
    ['GET', '/v1/nothing', 404, 'no-such-route'],
    ['GET', '/v1/predictions/%00', 400, 'bad-request'],
    ['GET', '/v1/predictions/%E0%A4%A', 400, 'bad-request'],
    ['PUT', '/v1/predictions', 404, 'no-such-route'],
    ['POST', '/v1/trainings', 404, 'no-such-route'],
  ] as const)('%s %s is a problem', async (method, path, status, code) => {
    const answer = await house.ask<Problem>(method, path);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  it('a fault of ours says nothing but its id', async () => {
    const broken = await startHouse({
      deps: (deps) => ({
        ...deps,
        store: {
          ...deps.store,
          usage: { ...deps.store.usage, list: () => Promise.reject(new Error('password=hunter2')) },
        },
      }),
    });
    try {
      const { status, text, body } = await broken.ask<Problem>('GET', '/v1/usage');
      expect(status).toBe(500);
      expect(text).not.toContain('hunter2');
      expect(body).toEqual({
        title: 'Internal error',
        detail: 'Something went wrong on our side.',
        status: 500,
        code: 'internal',
        request_id: expect.any(String),
      });
    } finally {
      await broken.close();
    }
  });
});

describe('what would be kept and could not be read back is refused', () => {
  const hardware = { sku: 'dear', name: 'Dear', gpus: 0, memory_mib: 64, price_micros_per_second: 1 };
  const late = '9999-12-31T23:59:59.999-14:00';
  it.each([
    ['a price that begins past the year 9999', '/v1/hardware', { ...hardware, price_from: late }, 'price_from'],
    [
      'a price that no bill can hold',
      '/v1/hardware',
      { ...hardware, price_micros_per_second: Number.MAX_SAFE_INTEGER },
      'price_micros_per_second',
    ],
    ['a token that ends past the year 9999', '/v1/tokens', { name: 'eternal', expires_at: late }, 'expires_at'],
  ])('%s', async (_name, path, asked, field) => {
    const { status, body } = await house.ask<Problem>('POST', path, asked);
    expect({ status, fields: body.invalid_fields?.map((one) => one.field) }).toEqual({ status: 422, fields: [field] });
    expect((await house.ask('GET', '/v1/tokens')).status).toBe(200);
    expect((await house.ask('GET', '/v1/hardware')).text).not.toContain('dear');
  });
});
