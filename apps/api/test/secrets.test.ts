import { type ProblemBody, REDACTED, sealSubject, type WirePrediction } from '@hearth/contract';
import { systemNow } from '@hearth/kit';
import { databaseText } from '@hearth/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, startHouse } from './harness.ts';

const SECRET = 'sk-live-0123456789abcdef';
let house: House;
let version: string;

beforeAll(async () => {
  house = await startHouse();
  const secret = { type: 'string', format: 'password', 'x-cog-secret': true };
  const Input = {
    type: 'object',
    required: ['token'],
    properties: {
      // Cog 0.9 marks one by its format alone.
      token: { type: 'string', format: 'password', minLength: 4, pattern: '^[a-z0-9-]+$' },
      more: { type: 'array', items: secret },
      text: { type: 'string' },
    },
  };
  version = (await house.addModel('keeper', { components: { schemas: { Input } } })).version.id;
});
afterAll(() => house.close());

const create = <Body = WirePrediction>(input: object, headers: Record<string, string> = {}) =>
  house.ask<Body>('POST', '/v1/predictions', { version, input }, { headers });

const everything = () => databaseText(house.databaseUrl);
/** How many sealed inputs there were of predictions that were never made. */
const removeOfNobody = () => house.store.sealedInputs.removeOver(systemNow() + 3_600_000);

describe('a secret in an input', () => {
  it('is shown to nobody, and stands nowhere in the database', async () => {
    const made = await create({ token: SECRET, more: [SECRET, 'other-secret'], text: 'plain' });
    const shown = { token: REDACTED, more: [REDACTED, REDACTED], text: 'plain' };
    expect({ status: made.status, input: made.body.input }).toEqual({ status: 201, input: shown });
    const { body } = await house.ask('GET', `/v1/predictions/${made.body.id}`);
    expect(body.input).toEqual(shown);
    const list = await house.ask('GET', '/v1/predictions');
    expect(list.text).toContain(made.body.id);
    expect(list.text).not.toContain(SECRET);
    const kept = await everything();
    expect(kept).toContain(made.body.id);
    for (const form of [
      SECRET,
      'other-secret',
      Buffer.from(SECRET).toString('base64'),
      Buffer.from(SECRET).toString('hex'),
    ])
      expect(kept).not.toContain(form);
  });

  it('is sealed for its prediction and its name', async () => {
    const { body } = await create({ token: SECRET, more: ['a-second-one'] });
    const sealed = (await house.store.sealedInputs.of([body.id])).get(body.id) ?? {};
    const open = (name: string) => JSON.parse(house.deps.sealer.open(sealed[name] ?? '', sealSubject(body.id, name)));
    expect({ token: open('token'), more: open('more') }).toEqual({ token: SECRET, more: ['a-second-one'] });
    expect(() => house.deps.sealer.open(sealed.token ?? '', sealSubject(body.id, 'more'))).toThrow('broken');
  });

  it.each([
    ['that is too short', { token: 'abc' }],
    ['that does not fit its pattern', { token: 'NOT-this-one' }],
    ['of another type', { token: 31_415_926 }],
    ['in a list, of another type', { token: SECRET, more: [31_415_926] }],
  ])('%s is refused without being quoted', async (_what, input) => {
    const { status, text } = await create<ProblemBody>(input);
    expect(status).toBe(422);
    expect(text).toContain('[secret]');
    expect(text).not.toMatch(/abc|NOT-this-one|31415926|sk-live/);
  });

  it('has to be given again: its placeholder is no secret', async () => {
    const { status, body } = await create<ProblemBody>({ token: SECRET, more: [REDACTED] });
    expect(status).toBe(422);
    expect(body.invalid_fields).toMatchObject([{ type: 'secret_redacted', field: 'input.more' }]);
  });

  it('counts when a request is repeated under a key, and its hash tells nothing', async () => {
    const again = (token: string) => create<{ id: string; code?: string }>({ token }, { 'idempotency-key': 'the-key' });
    const first = await again(SECRET);
    expect((await again(SECRET)).body.id).toBe(first.body.id);
    expect((await again('another-secret')).body.code).toBe('idempotency-key-reused');
    expect(await everything()).not.toContain(SECRET);
    const sealed = await house.store.sealedInputs.of([first.body.id]);
    expect(sealed.size).toBe(1);
  });

  it('is not kept where its prediction is refused, or is one that was made before', async () => {
    const { token } = await house.addCaller('poor', 'member');
    await house.ask('PUT', '/v1/accounts/poor/budget', { day_micros: 0 });
    await removeOfNobody();
    const asked = { version, input: { token: SECRET } };
    expect((await house.ask('POST', '/v1/predictions', asked, { token })).status).toBe(402);
    expect((await create({ token: SECRET }, { 'idempotency-key': 'the-key' })).status).toBe(201);
    expect((await create({ token: 'another-secret' }, { 'idempotency-key': 'the-key' })).status).toBe(422);
    expect(await removeOfNobody()).toBe(0);
  });
});

it('an input without one leaves nothing sealed', async () => {
  const plain = (await house.addModel('plain')).version.id;
  const { body } = await house.ask('POST', '/v1/predictions', { version: plain, input: { text: 'x' } });
  expect(body.input).toEqual({ text: 'x' });
  expect((await house.store.sealedInputs.of([body.id])).size).toBe(0);
});
