import type { UsageEvent, WirePage, WireUsageRecord, WireUsageTotals, WireVerifiedLine } from '@hearth/contract';
import { systemNow } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, type Problem, startHouse } from './harness.ts';
import { addInstance, billOf } from './parts.ts';

let house: House;
let member: Awaited<ReturnType<House['addCaller']>>;
let instanceId: string;
beforeAll(async () => {
  house = await startHouse();
  member = await house.addCaller('member', 'member');
  instanceId = await bootInstance();
});
afterAll(() => house.close());

const HOUR_MS = 3_600_000;
const PRICE = 100;

async function bootInstance(): Promise<string> {
  const { deployment } = await house.addModel('billed');
  const at = systemNow() - HOUR_MS;
  const id = await addInstance(house, deployment, { at, slots: 100 });
  await house.store.instances.move(id, 'booting', 'booted', { at, address: 'http://127.0.0.1:1' });
  return id;
}

/** A prediction that ran for a second on the instance, billed and sealed as the dispatcher does it. */
async function ran(token = house.admin.token): Promise<string> {
  const made = await house.ask(
    'POST',
    '/v1/models/hearth/billed/predictions',
    { input: { text: 'hi' } },
    { token, headers: { prefer: 'respond-async' } },
  );
  const waiting = await house.store.predictions.get(made.body.id);
  if (waiting === null) throw new Error(made.text);
  const at = systemNow();
  const instance = { id: instanceId, versionId: waiting.versionId, hardwareSku: 'cpu' };
  const row = await house.store.predictions.claim({ predictionId: waiting.id, attempt: 0 }, instance, at - 1_000);
  if (row === null) throw new Error('the claim was refused');
  const metrics = { predict_time: 1, cost: 0.0001 };
  const end = { status: 'succeeded', metrics, completedAt: at } as const;
  await house.store.predictions.finish(row.id, 1, end, billOf(row, at, 1));
  await house.store.ledger.seal(100);
  return row.id;
}

const linesOf = <Line>(text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
const as = (token: string) => ({ token });
const correct = (body: object, token = house.admin.token) =>
  house.ask<WireUsageRecord & Problem>('POST', '/v1/usage/corrections', body, { token });

describe('the verification of the ledger', () => {
  it('comes line by line, and its last line says that it is done', async () => {
    const id = await ran();
    const answer = await house.ask('GET', '/v1/usage/verify');
    expect(answer.headers['content-type']).toMatch('application/x-ndjson');
    const lines = linesOf<WireVerifiedLine>(answer.text);
    expect(lines.map(({ done }) => done).lastIndexOf(false)).toBe(lines.length - 2);
    expect(lines.at(-1)).toMatchObject({ done: true, differences: [], checked: { unsealed: 0 } });
    expect(lines.at(-1)?.checked.records).toBeGreaterThan(0);
    expect(lines.flatMap(({ differences }) => differences)).toEqual([]);
    expect(id).toHaveLength(26);
  });

  it('names the account of a difference, and is of one account where that is asked for', async () => {
    const other = await house.addCaller('unbilled', 'member');
    const { body } = await house.ask(
      'POST',
      '/v1/models/hearth/billed/predictions',
      { input: { text: 'hi' } },
      { token: other.token, headers: { prefer: 'respond-async' } },
    );
    const at = systemNow();
    const instance = { id: instanceId, versionId: body.version, hardwareSku: 'cpu' };
    await house.store.predictions.claim({ predictionId: body.id, attempt: 0 }, instance, at);
    const end = { status: 'succeeded', metrics: { predict_time: 1 }, completedAt: at } as const;
    await house.store.predictions.finish(body.id, 1, end, null);
    const found = linesOf<WireVerifiedLine>((await house.ask('GET', '/v1/usage/verify?account=unbilled')).text);
    expect(found.flatMap(({ differences }) => differences)).toEqual([
      {
        kind: 'not-billed',
        account: 'unbilled',
        prediction: body.id,
        record: null,
        what: 'predict_microseconds',
        expected: 1_000_000,
        found: null,
      },
    ]);
    const others = linesOf<WireVerifiedLine>((await house.ask('GET', '/v1/usage/verify?account=hearth')).text);
    expect(others.flatMap(({ differences }) => differences)).toEqual([]);
  });

  it('is for operators, of an account that there is', async () => {
    expect((await house.ask('GET', '/v1/usage/verify', undefined, as(member.token))).status).toBe(403);
    expect((await house.ask('GET', '/v1/usage/verify?account=nobody')).status).toBe(404);
  });
});

describe('corrections', () => {
  it('are records beside the one of the run, and count in every total', async () => {
    const payer = await house.addCaller('payer', 'member');
    const prediction = await ran(payer.token);
    const made = await correct({ prediction, cost_micros: -40, reason: 'it was slow' });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      id: `${prediction}.1`,
      kind: 'correction',
      prediction,
      model: 'hearth/billed',
      status: null,
      predict_microseconds: 0,
      cost_micros: -40,
      corrects: prediction,
      reason: 'it was slow',
      made_by: 'hearth',
    });
    const mine = as(payer.token);
    const totals = await house.ask<WireUsageTotals>('GET', '/v1/usage?by=model', undefined, mine);
    expect(totals.body.results).toMatchObject([{ predictions: 1, cost_micros: 60, correction_micros: -40 }]);
    const all = await house.ask<WirePage<WireUsageRecord>>('GET', '/v1/usage', undefined, mine);
    expect(all.body.results.map(({ id }) => id)).toEqual([`${prediction}.1`, prediction]);
    const only = await house.ask<WirePage<WireUsageRecord>>('GET', '/v1/usage?kind=correction', undefined, mine);
    expect(only.body.results.map(({ id }) => id)).toEqual([`${prediction}.1`]);
  });

  it('under a key are one, however often they are sent', async () => {
    const prediction = await ran();
    const body = { prediction, cost_micros: -10, reason: 'r', key: 'ticket-7' };
    expect((await correct(body)).status).toBe(201);
    expect(await correct(body)).toMatchObject({ status: 200, body: { id: `${prediction}.ticket-7` } });
    expect(await correct({ ...body, cost_micros: -20 })).toMatchObject({
      status: 422,
      body: { code: 'correction-key-taken' },
    });
  });

  it.each([
    [{ cost_micros: 0 }, 'cost_micros'],
    [{ cost_micros: -101 }, 'cost_micros'],
    [{ cost_micros: 0.5 }, 'cost_micros'],
    [{ reason: '' }, 'reason'],
    [{ key: '7' }, 'key'],
  ])('are refused with %j', async (over, field) => {
    const prediction = await ran();
    const answer = await correct({ prediction, cost_micros: 1, reason: 'r', ...over });
    expect(answer).toMatchObject({ status: 422, body: { invalid_fields: [{ field }] } });
  });

  it('stand where a page ends like any other record, and are within a time where one is asked for', async () => {
    const caller = await house.addCaller('corrected', 'member');
    const prediction = await ran(caller.token);
    const madeAt = systemNow() + HOUR_MS;
    for (let n = 1; n <= 105; n++)
      await house.store.ledger.correct(prediction, { costMicros: 1, reason: 'r', madeBy: 'hearth', at: madeAt });
    const page = (url: string) => house.ask<WirePage<WireUsageRecord>>('GET', url, undefined, as(caller.token));
    const read = async (query: string) => {
      const costs: number[] = [];
      let url: string | null = `/v1/usage${query}`;
      while (url !== null) {
        const { status, body }: Awaited<ReturnType<typeof page>> = await page(url);
        expect(status).toBe(200);
        costs.push(...body.results.map(({ cost_micros: cost }) => cost));
        url = body.next && body.next.slice(body.next.indexOf('/v1/'));
      }
      return costs;
    };
    const since = new Date(madeAt).toISOString();
    expect(await read('')).toHaveLength(106);
    expect((await read(`?from=${since}`)).filter((cost) => cost !== 1)).toEqual([]);
    expect(await read(`?from=${since}`)).toHaveLength(105);
    expect(await read(`?to=${since}`)).toEqual([100]);
  });

  it('are for operators, of what was billed', async () => {
    const prediction = await ran(member.token);
    expect((await correct({ prediction, cost_micros: -1, reason: 'r' }, member.token)).status).toBe(403);
    expect((await correct({ prediction: 'nothing', cost_micros: -1, reason: 'r' })).status).toBe(404);
  });
});

describe('an export', () => {
  it('as CloudEvents is the same however often it is made, and goes on behind a place', async () => {
    const buyer = await house.addCaller('buyer', 'member');
    const mine = as(buyer.token);
    const prediction = await ran(buyer.token);
    const first = await house.ask('GET', '/v1/usage/export', undefined, mine);
    const [event] = linesOf<UsageEvent>(first.text);
    expect(event).toEqual({
      specversion: '1.0',
      id: prediction,
      source: expect.stringMatching(/^urn:uuid:[0-9a-f-]{36}$/),
      type: 'hearth.usage',
      subject: 'buyer',
      time: expect.stringMatching(/Z$/),
      datacontenttype: 'application/json',
      sequence: expect.stringMatching(/^\d+$/),
      data: {
        kind: 'run',
        prediction,
        model: 'hearth/billed',
        version: expect.any(String),
        deployment: expect.any(String),
        hardware: 'cpu',
        status: 'succeeded',
        predict_seconds: 1,
        predict_microseconds: 1_000_000,
        price_micros_per_second: PRICE,
        cost: 0.0001,
        cost_micros: 100,
        corrects: null,
        reason: null,
      },
    });
    await correct({ prediction, cost_micros: -5, reason: 'r' });
    expect((await house.ask('GET', '/v1/usage/export', undefined, mine)).text).toBe(first.text);
    await house.store.ledger.seal(100);
    const next = await house.ask('GET', `/v1/usage/export?after=${event?.sequence}`, undefined, mine);
    expect(linesOf<UsageEvent>(next.text)).toMatchObject([{ id: `${prediction}.1`, data: { cost_micros: -5 } }]);
  });

  it('as CSV has a row for each', async () => {
    const buyer = await house.addCaller('csv-buyer', 'member');
    const prediction = await ran(buyer.token);
    const { text, headers } = await house.ask('GET', '/v1/usage/export?format=csv&account=csv-buyer');
    expect(headers['content-type']).toMatch('text/csv');
    const [header, row, ...rest] = text.trimEnd().split('\r\n');
    expect(header).toMatch(/^sequence,id,kind,account,prediction,/);
    expect(row).toMatch(new RegExp(`^\\d+,${prediction},run,csv-buyer,${prediction},hearth/billed,`));
    expect(rest).toEqual([]);
  });

  it('of everybody is for operators', async () => {
    const loner = await house.addCaller('loner', 'member');
    expect((await house.ask('GET', '/v1/usage/export', undefined, as(loner.token))).text).toBe('');
    expect((await house.ask('GET', '/v1/usage/export?account=hearth', undefined, as(loner.token))).status).toBe(404);
    expect(linesOf((await house.ask('GET', '/v1/usage/export')).text).length).toBeGreaterThan(1);
  });

  it.each(['format=xml', 'after=x', 'from=yesterday'])('is refused with %s', async (query) => {
    expect((await house.ask('GET', `/v1/usage/export?${query}`)).status).toBe(422);
  });
});
