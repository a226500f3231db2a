import type { ProblemBody, WireHost } from '@hearth/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, startHouse } from './harness.ts';

let house: House;
let member: string;
beforeAll(async () => {
  house = await startHouse();
  member = (await house.addCaller('grace', 'member')).token;
  await house.store.hosts.upsert({ id: 'local', name: 'box', runtimes: ['process'], memoryMiB: 1_024 });
});
afterAll(() => house.close());

const add = (body: object) => house.ask<WireHost & ProblemBody>('POST', '/v1/hosts', body);

describe('a host', () => {
  it('is added under the name in its URL, and waits to be seen and checked', async () => {
    const tls = { ca: '/etc/hearth/ca.pem', cert: '/etc/hearth/cert.pem', key: '/etc/hearth/key.pem' };
    const { status, body } = await add({ url: 'tcp://GPU2:2376', tls, labels: { zone: 'a' } });
    expect(status).toBe(201);
    expect(body).toMatchObject({ id: 'gpu2', name: 'gpu2', state: 'new', labels: { zone: 'a' }, checks: [] });
    expect(body.connection).toMatchObject({ url: 'tcp://GPU2:2376', tls });
    expect(body.check_asked_at).not.toBeNull();
    expect((await add({ url: 'ssh://gpu2' })).body).toMatchObject({ code: 'name-taken' });
  });

  it('says what the scheduler found', async () => {
    await house.store.hosts.found('gpu2', { runtimes: ['docker'], memoryMiB: 64_000, lastSeenAt: 1_700_000_000_000 });
    expect((await house.ask('GET', '/v1/hosts/gpu2')).body).toMatchObject({ state: 'ready', memory_mib: 64_000 });
    await house.store.hosts.found('gpu2', { lostAt: 1_700_000_000_000, lostWhy: 'no answer within 3 s' });
    expect((await house.ask('GET', '/v1/hosts/gpu2')).body).toMatchObject({
      state: 'lost',
      lost_reason: 'no answer within 3 s',
    });
  });

  it('keeps from members how it is reached, and lets them change nothing', async () => {
    const list = await house.ask<WireHost[]>('GET', '/v1/hosts', undefined, { token: member });
    expect(list.body.map(({ id, connection }) => [id, connection])).toEqual([
      ['gpu2', null],
      ['local', null],
    ]);
    for (const [method, path, body] of [
      ['POST', '/v1/hosts', { url: 'tcp://gpu9:2375' }],
      ['PATCH', '/v1/hosts/gpu2', { cordoned: true }],
      ['POST', '/v1/hosts/gpu2/check', undefined],
      ['DELETE', '/v1/hosts/gpu2', undefined],
    ] as const)
      expect((await house.ask(method, path, body, { token: member })).status, `${method} ${path}`).toBe(403);
  });

  it('is changed field by field, and the rest stays', async () => {
    const { body } = await house.ask<WireHost>('PATCH', '/v1/hosts/gpu2', { draining: true, address: 'gpu2.lan' });
    expect(body).toMatchObject({ draining: true, cordoned: false, labels: { zone: 'a' } });
    expect(body.connection).toMatchObject({
      url: 'tcp://GPU2:2376',
      address: 'gpu2.lan',
      tls: { ca: '/etc/hearth/ca.pem' },
    });
    const cpus = await house.ask<WireHost>('PATCH', '/v1/hosts/gpu2', { cpus: 16 });
    expect(cpus.body).toMatchObject({ cpus: 16, draining: true, memory_mib: 64_000 });
  });

  it('is checked when it is asked for', async () => {
    const { status, body } = await house.ask<WireHost>('POST', '/v1/hosts/gpu2/check');
    expect(status).toBe(202);
    const check = { name: 'engine', status: 'failed', detail: 'No.', remedy: 'Start it.' } as const;
    await house.store.hosts.checked('gpu2', [check], Date.parse(body.check_asked_at ?? ''));
    expect((await house.ask('GET', '/v1/hosts/gpu2')).body).toMatchObject({
      checks: [check],
      checked_at: body.check_asked_at,
    });
  });

  it('is removed unless it runs something or is our own, and may come again', async () => {
    const own = await house.ask<ProblemBody>('DELETE', '/v1/hosts/local');
    expect(own).toMatchObject({ status: 422, body: { code: 'host-in-use' } });
    expect((await house.ask('DELETE', '/v1/hosts/gpu2')).status).toBe(204);
    expect((await house.ask('GET', '/v1/hosts/gpu2')).status).toBe(404);
    expect((await house.ask('PATCH', '/v1/hosts/gpu2', { cordoned: true })).status).toBe(404);
    const again = await add({ url: 'ssh://ada@gpu2' });
    expect(again.body).toMatchObject({ id: 'gpu2', state: 'new', memory_mib: 0, checks: [], draining: false });
  });

  it.each([
    [{ url: 'ssh://-oProxyCommand=x' }, 'url'],
    [{ url: 'ssh://-l@gpu1' }, 'url'],
    [{ url: 'http://gpu1:2375' }, 'url'],
    [{ url: 'tcp://gpu1:99999' }, 'url'],
    [{ url: 'tcp://gpu1', tls: { ca: 'ca.pem', cert: '/c', key: '/k' } }, 'tls.ca'],
    [{ url: 'ssh://gpu1', tls: { ca: '/a', cert: '/c', key: '/k' } }, 'tls'],
    [{ url: 'tcp://gpu1', bind_address: '-x' }, 'bind_address'],
    [{ url: 'tcp://gpu1', id: 'GPU 1' }, 'id'],
    [{ url: 'tcp://gpu1', devices: [{ id: '0', name: 'L4', vram_mib: 0 }] }, 'devices.0.vram_mib'],
    [{ url: 'tcp://gpu1', colour: 'red' }, 'colour'],
  ])('%j is refused by name', async (body, field) => {
    const { status, body: problem } = await add(body);
    expect(status, JSON.stringify(problem)).toBe(422);
    expect(problem.invalid_fields?.map((one) => one.field)).toEqual([field]);
  });
});
