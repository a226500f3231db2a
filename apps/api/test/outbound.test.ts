import type { ProblemBody } from '@hearth/contract';
import { newId, systemNow } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, startHouse } from './harness.ts';

let house: House;
let version: string;
const file = { type: 'string', format: 'uri' };
const Input = {
  type: 'object',
  properties: { image: file, more: { type: 'array', items: file }, text: { type: 'string' } },
};

beforeAll(async () => {
  house = await startHouse();
  version = (await house.addModel('looks', { components: { schemas: { Input } } })).version.id;
});
afterAll(() => house.close());

const create = (body: object) => house.ask<ProblemBody>('POST', '/v1/predictions', { version, input: {}, ...body });

describe('a prediction with a URL that Hearth would not open', () => {
  it.each([
    ['a webhook into the network', 'http://10.0.0.5:9000/hook', '10.0.0.5: a private address', '10.0.0.5:9000'],
    [
      'a webhook to a name inside',
      'https://hooks.internal/x',
      'hooks.internal, which is 10.0.0.5',
      'hooks.internal:443',
    ],
    [
      'a webhook to this machine',
      'http://127.1:8000/',
      '127.0.0.1: an address of this machine itself',
      '127.0.0.1:8000',
    ],
  ])('%s is refused with the address and the setting', async (_what, webhook, leadsTo, setting) => {
    const { status, body } = await create({ webhook });
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'invalid-request' });
    expect(body.invalid_fields).toEqual([
      { type: 'url_refused', field: 'webhook', description: expect.stringContaining(`it leads to ${leadsTo}`) },
    ]);
    expect(body.detail).toMatch(`HEARTH_ALLOW_OUTBOUND=${setting}`);
  });

  it('names every input that leads where it must not, and no setting where there is none', async () => {
    const image = 'http://169.254.169.254/latest/meta-data/';
    const more = ['https://public.example/a.png', 'http://hooks.internal/b.png'];
    const { status, body } = await create({ input: { image, more, text: 'http://10.0.0.5/' } });
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'invalid-input' });
    expect(body.invalid_fields?.map(({ field }) => field)).toEqual(
      expect.arrayContaining(['input.image', 'input.more.1']),
    );
    expect(body.invalid_fields).toHaveLength(2);
    expect(body.invalid_fields?.find(({ field }) => field === 'input.image')?.description).not.toMatch(
      'ALLOW_OUTBOUND',
    );
  });

  it('leaves nothing behind', async () => {
    const before = await house.ask<{ results: unknown[] }>('GET', '/v1/predictions');
    await create({ webhook: 'http://10.0.0.5/' });
    const after = await house.ask<{ results: unknown[] }>('GET', '/v1/predictions');
    expect(after.body.results).toHaveLength(before.body.results.length);
  });
});

it.each([
  ['a name that nobody knows yet', 'https://nobody-knows.example/hook'],
  ['a public address', 'http://93.184.215.14/hook'],
])('%s is taken as a webhook', async (_what, webhook) => {
  expect((await create({ webhook })).status).toBe(201);
});

it('a file that a model of ours made is an input wherever this API is reached', async () => {
  const id = newId(systemNow());
  const signature = house.deps.signer.sign(id, Math.floor(systemNow() / 1_000) + 60);
  const image = `http://10.0.0.5:7600/v1/outputs/${id}.${signature}/out.png`;
  expect((await create({ input: { image } })).status).toBe(201);
  expect((await create({ input: { image: image.replace(id, id.replace(/^./, '9')) } })).status).toBe(422);
});
