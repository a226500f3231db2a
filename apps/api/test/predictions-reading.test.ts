import type { WirePage, WirePrediction } from '@hearth/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDispatcher, type House, type Problem, startEchoHouse } from './harness.ts';

let house: House;
let version: string;
let dispatcher: ReturnType<typeof createDispatcher>;
let deploymentId: string;
beforeAll(async () => {
  ({ house, version, deploymentId, dispatcher } = await startEchoHouse());
});
afterAll(() => house.close());

const create = () => house.ask('POST', '/v1/predictions', { version, input: { text: 'hi' } });

describe('reading predictions', () => {
  it('shows why a prediction waits', async () => {
    const { body } = await create();
    await house.store.deployments.setStatus([
      {
        deploymentId,
        blockedReason: 'no-capacity',
        blockedDetail: 'No host has 2048 MiB free.',
        failure: null,
        consecutiveFailures: 0,
        retryAt: null,
        failWaitingUntil: null,
      },
    ]);
    await expect
      .poll(async () => (await house.ask('GET', `/v1/predictions/${body.id}`)).body.waiting)
      .toMatchObject({ reason: 'no-capacity', detail: 'No host has 2048 MiB free.', phase: null });
  });

  it("hides another account's from members, and nothing from admins", async () => {
    const other = await house.addCaller('other', 'member');
    const { body } = await create();
    const hidden = await house.ask<Problem>('GET', `/v1/predictions/${body.id}`, undefined, { token: other.token });
    expect(hidden).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect(
      (await house.ask('POST', `/v1/predictions/${body.id}/cancel`, undefined, { token: other.token })).status,
    ).toBe(404);
    const theirs = await house.ask(
      'POST',
      '/v1/predictions',
      { version, input: { text: 'hi' } },
      { token: other.token },
    );
    expect((await house.ask('GET', `/v1/predictions/${theirs.body.id}`)).status).toBe(200);
  });

  it('pages through a list, newest first, each once', async () => {
    const caller = await house.addCaller('busy', 'member');
    const ids: string[] = [];
    for (let i = 0; i < 101; i++) {
      const { body } = await house.ask(
        'POST',
        '/v1/predictions',
        { version, input: { text: 'hi' } },
        { token: caller.token },
      );
      ids.push(body.id);
    }
    type Page = WirePage<WirePrediction>;
    const first = await house.ask<Page>('GET', '/v1/predictions', undefined, { token: caller.token });
    expect(first.body.results).toHaveLength(100);
    expect(first.body.next).toMatch(/^http:\/\/hearth\.test\/v1\/predictions\?cursor=/);
    const next = (first.body.next ?? '').replace('http://hearth.test', '');
    const second = await house.ask<Page>('GET', next, undefined, { token: caller.token });
    expect(first.body.previous).toBeNull();
    expect(second.body.next).toBeNull();
    const previous = (second.body.previous ?? '').replace('http://hearth.test', '');
    const back = await house.ask<Page>('GET', previous, undefined, { token: caller.token });
    expect(back.body).toEqual(first.body);
    const seen = [...first.body.results, ...second.body.results].map(({ id }) => id);
    expect(seen).toEqual(ids.toSorted().toReversed());
    const none = await house.ask<Page>('GET', '/v1/predictions?created_before=2001-01-01T00:00:00Z', undefined, {
      token: caller.token,
    });
    expect(none.body.results).toEqual([]);
    const bad = await house.ask<Problem>('GET', '/v1/predictions?cursor=%2A%2A', undefined, { token: caller.token });
    expect(bad).toMatchObject({ status: 422, body: { invalid_fields: [{ field: 'cursor' }] } });
  });
});

describe('canceling', () => {
  it('marks the row, pokes the dispatcher and answers the end', async () => {
    const { body } = await create();
    const stop = house.whenPoked('dispatcher', async () => {
      stop();
      const row = await house.store.predictions.get(body.id);
      if (row?.cancelRequestedAt) await dispatcher.finish(row, 'canceled');
    });
    const canceled = await house.ask('POST', `/v1/predictions/${body.id}/cancel`, '', {
      headers: { 'content-type': 'application/json' },
    });
    expect(canceled).toMatchObject({ status: 200, body: { status: 'canceled', output: null } });
  });

  it('answers what there is when the dispatcher is away', async () => {
    const { body } = await create();
    const { status, body: asked } = await house.ask('POST', `/v1/predictions/${body.id}/cancel`);
    expect([status, asked.status]).toEqual([200, 'starting']);
    expect((await house.store.predictions.get(body.id))?.cancelRequestedAt).not.toBeNull();
  });

  it('leaves a finished one as it is, and knows no other', async () => {
    const { body } = await create();
    await dispatcher.finish(await dispatcher.claim(body.id), 'succeeded', { output: ['hi'] });
    expect((await house.ask('POST', `/v1/predictions/${body.id}/cancel`)).body).toMatchObject({ status: 'succeeded' });
    expect((await house.ask('POST', '/v1/predictions/nothing/cancel')).status).toBe(404);
  });

  it('shows a missed deadline as canceled: clients know no other word', async () => {
    const { body } = await create();
    const row = await house.store.predictions.get(body.id);
    if (row) await dispatcher.finish(row, 'aborted');
    expect((await house.ask('GET', `/v1/predictions/${body.id}`)).body.status).toBe('canceled');
  });
});
