import { REDACTED, sealSubject } from '@hearth/contract';
import { createSealer, newId, systemNow } from '@hearth/kit';
import { databaseText } from '@hearth/testkit';
import { array, assert, constantFrom, nat, property, string } from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRedactor } from '../src/model/secrets.ts';
import { createWorld, eventually, type World } from './world.ts';

const SECRET = 'sk-live-0123456789abcdef';
const secret = { type: 'string', format: 'password', 'x-cog-secret': true };
const Input = {
  type: 'object',
  properties: { token: secret, more: { type: 'array', items: secret }, text: { type: 'string' } },
};

let world: World;
beforeEach(async () => {
  world = await createWorld('postgres', undefined, 'B', Input);
});
afterEach(() => world.close());

/** As the api makes one: sealed first. */
async function predictWith(values: Readonly<Record<string, unknown>>, sealer = world.sealer): Promise<string> {
  const id = newId(systemNow());
  const sealed = Object.entries(values).map(([name, value]) => [
    name,
    sealer.seal(JSON.stringify(value), sealSubject(id, name)),
  ]);
  await world.store.sealedInputs.put(id, Object.fromEntries(sealed), systemNow());
  const shown = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Array.isArray(value) ? value.map(() => REDACTED) : REDACTED]),
  );
  return world.predict({ text: 'plain', ...shown }, { id });
}

describe('a prediction with a secret', () => {
  it('is run with it, and nobody else gets to see it: row, log, error and notices', async () => {
    await world.dispatch();
    const { model } = await world.stage();
    const id = await predictWith({ token: SECRET, more: ['a', 'second-secret'] });
    const call = await model.next();
    expect(call.input).toEqual({ text: 'plain', token: SECRET, more: ['a', 'second-secret'] });
    await call.report({ status: 'processing', logs: `using ${SECRET} and sk-live-01` });
    await eventually(async () => expect((await world.get(id)).logs).toBe(`using ${REDACTED} and `));
    const logs = `using ${SECRET} and ${SECRET.slice(0, 10)}${SECRET.slice(10)}, second-secret\n`;
    await call.report({ status: 'failed', logs, error: `401 for ${SECRET}` });
    const row = await world.ended(id);
    expect(row).toMatchObject({
      status: 'failed',
      input: { text: 'plain', token: REDACTED, more: [REDACTED, REDACTED] },
      logs: `using ${REDACTED} and ${REDACTED}, ${REDACTED}\n`,
      error: `401 for ${REDACTED}`,
    });
    expect(JSON.stringify(world.notices)).not.toContain(SECRET);
    expect(await databaseText(world.databaseUrl)).not.toContain(SECRET);
  });

  it('takes its secret along to another attempt, and loses it with its end', async () => {
    await world.dispatch({ removalMs: 20 });
    const first = await world.stage();
    const id = await predictWith({ token: SECRET });
    await first.model.next();
    await world.fail(first.instance, { kind: 'lost' });
    const second = await world.stage();
    const call = await second.model.next();
    expect(call.input.token).toBe(SECRET);
    expect((await world.store.sealedInputs.of([id])).size).toBe(1);
    await call.report({ status: 'succeeded', output: 'done' });
    await eventually(async () => expect((await world.store.sealedInputs.of([id])).size).toBe(0));
  });

  it('keeps it out of the log under a dispatcher that takes the run over', async () => {
    const first = await world.dispatch();
    const { model } = await world.stage();
    const id = await predictWith({ token: SECRET });
    const call = await model.next();
    await first.close();
    await world.dispatch({}, first.callbackUrl);
    await call.insist({ status: 'succeeded', logs: `used ${SECRET}`, output: 'done' });
    expect((await world.ended(id)).logs).toBe(`used ${REDACTED}`);
  });

  it('fails with the reason, unsent and unbilled, where its key is not here', async () => {
    await world.dispatch();
    const { model } = await world.stage();
    const other = createSealer(['another key of the test, long enough']);
    const id = await predictWith({ token: SECRET }, other);
    const row = await world.ended(id);
    expect(row).toMatchObject({
      status: 'failed',
      error: expect.stringMatching(
        /^The secret input\.token .* key [0-9a-f]{8}, which is not here \(HEARTH_SECRET_KEY\)\.$/,
      ),
    });
    expect(model.calls).toEqual([]);
    expect(await world.store.usage.list({ limit: 1 })).toEqual([]);
  });

  it('fails with the reason where the secret is not kept any more', async () => {
    await world.dispatch();
    await world.stage();
    const row = await world.ended(await world.predict({ token: REDACTED }));
    expect(row).toMatchObject({ status: 'failed', error: expect.stringContaining('input.token is not kept any more') });
  });
});

describe('a redactor', () => {
  const part = constantFrom('sk-live-', '0123456789', 'abcdef', SECRET, 'sk-live-0123sk-live-', ' ', 'log\n');

  it('answers for the beginning of a text with the beginning of what it answers for the whole', () => {
    const redacted = createRedactor([SECRET, 'sk-live-0123sk-live-', '0123456789ab']);
    assert(
      property(array(part), nat(), (parts, at) => {
        const text = parts.join('');
        const whole = redacted(text, true);
        expect(whole.startsWith(redacted(text.slice(0, at % (text.length + 1)), false))).toBe(true);
        expect(whole).not.toContain(SECRET);
      }),
    );
  });

  it('leaves other texts as they are, and short secrets in them', () => {
    const special = '.*+?^${}()|[]\\';
    const redacted = createRedactor([SECRET, 'short', special]);
    assert(
      property(string(), (text) => {
        expect(redacted(text, true)).toBe(text.replaceAll(special, REDACTED));
      }),
    );
    expect(redacted(`a ${special} and a short one`, true)).toBe(`a ${REDACTED} and a short one`);
  });
});
