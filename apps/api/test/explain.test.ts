import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { WireExplanation } from '@hearth/contract';
import { type Explanation, UNMEASURED } from '@hearth/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type House, startHouse } from './harness.ts';

// The scheduler's part is played by a server that answers as its `http.ts` does, or not at all.

let scheduler: Server;
let answer: ((deploymentId: string) => Explanation | null) | null = () => null;
let house: House;
beforeAll(async () => {
  scheduler = createServer((request, response) => {
    const id = /^\/deployments\/([^/]+)\/explain$/.exec(request.url ?? '')?.[1];
    if (id === undefined || answer === null) response.writeHead(503).end('another scheduler leads');
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer(id)));
  }).listen(0, '127.0.0.1');
  await once(scheduler, 'listening');
  const address = scheduler.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on no port');
  house = await startHouse({ settings: { schedulerUrl: `http://127.0.0.1:${address.port}` } });
});
afterAll(async () => {
  await house.close();
  scheduler.closeAllConnections();
  scheduler.close();
  await once(scheduler, 'close');
});

const at = Date.UTC(2026, 0, 2, 12);
const path = '/v1/deployments/hearth/echo/explain';

it('says of a model at rest, which no cycle looks at, that the next prediction boots one', async () => {
  await house.addModel('echo');
  answer = () => null;
  const { status, body } = await house.ask<WireExplanation>('GET', path);
  expect(status).toBe(200);
  expect(body).toMatchObject({ deployment: 'hearth/echo', temperature: 'cold', needed: 0, instances: [], next: [] });
  expect(body.why).toContain('the next prediction boots one');
});

it('says what the scheduler says, in seconds and dates', async () => {
  let asked = '';
  answer = (deploymentId) => {
    asked = deploymentId;
    const boots = { count: 2, meanMs: 1_500, p50Ms: 1_000, p90Ms: 2_000 };
    const one = { id: 'i1', hostId: 'h1', state: 'ready', since: at, inFlight: 0 } as const;
    return {
      deploymentId,
      demand: { waiting: 0, inFlight: 0, oldestWaitingAt: null },
      needed: 0,
      why: 'Nothing waits and nothing runs.',
      measures: { ...UNMEASURED, boots },
      instances: [{ ...one, why: 'Nothing needs it now.', until: at + 1_000, evictable: true }],
      blocked: { deploymentId, reason: 'no-capacity', detail: 'Every host is full.' },
      next: [{ at: null, what: 'now' }],
    };
  };
  const { body } = await house.ask<WireExplanation>('GET', path);
  expect(asked).not.toBe('');
  expect(body).toMatchObject({
    why: 'Nothing waits and nothing runs.',
    measured: { run_seconds: null, boot_seconds: { count: 2, mean: 1.5, p50: 1, p90: 2 } },
    instances: [{ host: 'h1', since: '2026-01-02T12:00:00.000Z', until: '2026-01-02T12:00:01.000Z', evictable: true }],
    blocked: { reason: 'no-capacity', detail: 'Every host is full.' },
    next: [{ at: null, what: 'now' }],
  });
});

it('is for those who may use the model, and says when the scheduler is silent', async () => {
  await house.addModel('secret', undefined, 'private');
  const member = await house.addCaller('eve', 'member');
  expect(
    (await house.ask('GET', '/v1/deployments/hearth/secret/explain', undefined, { token: member.token })).status,
  ).toBe(404);
  expect((await house.ask('GET', '/v1/deployments/hearth/nothing/explain')).status).toBe(404);
  answer = null;
  expect((await house.ask('GET', path)).status).toBe(503);
});
