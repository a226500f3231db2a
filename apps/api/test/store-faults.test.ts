import { createStore } from '@hearth/store';
import { runSql } from '@hearth/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storeProblem } from '../src/plugins/store-faults.ts';
import { type House, type Problem, startHouse } from './harness.ts';

const withCode = (code: string, message = '', more = {}): Error => Object.assign(new Error(message), { code, ...more });

describe('what a store says becomes what a caller is told', () => {
  test.each([
    ['Postgres without room', withCode('53100'), 'storage-full', 507],
    ['a disk without room', withCode('ENOSPC'), 'storage-full', 507],
    ['a quota that is used up', withCode('EDQUOT'), 'storage-full', 507],
    ['Redis that cannot write', new Error('MISCONF Redis is configured to save RDB snapshots'), 'storage-full', 507],
    ['Redis without memory', new Error('OOM command not allowed when used memory > maxmemory'), 'storage-full', 507],
    ['a statement that took too long', withCode('57014'), 'unavailable', 503],
    ['a server that ends', withCode('57P01'), 'unavailable', 503],
    ['one that starts', withCode('57P03'), 'unavailable', 503],
    ['no connection left at the server', withCode('53300'), 'unavailable', 503],
    ['no connection left here', new Error('timeout exceeded when trying to connect'), 'unavailable', 503],
    ['nobody there', withCode('ECONNREFUSED'), 'unavailable', 503],
    ['no socket there', withCode('ENOENT', '', { syscall: 'connect' }), 'unavailable', 503],
    ['a broken connection', new Error('Connection terminated unexpectedly'), 'unavailable', 503],
    ['a replica that was not promoted', withCode('25006'), 'unavailable', 503],
  ])('%s', (_what, error, code, status) => {
    const problem = storeProblem(error);
    expect(problem).toMatchObject({ code, status });
    expect(Number(problem?.headers['retry-after'])).toBeGreaterThan(0);
  });
  test.each([
    ['a fault of ours', new TypeError('undefined is not a function')],
    ['a file that is gone', withCode('ENOENT', '', { syscall: 'open' })],
    ['a constraint', withCode('23505')],
    ['no error at all', 'ENOSPC'],
  ])('%s does not', (_what, error) => {
    expect(storeProblem(error)).toBeNull();
  });
});

describe('a database that cannot store a prediction', () => {
  let house: House;
  let version: string;
  beforeAll(async () => {
    house = await startHouse();
    version = (await house.addModel('echo')).version.id;
    await runSql(
      house.databaseUrl,
      `create function refuse() returns trigger language plpgsql as $$
         begin raise exception 'could not extend file' using errcode = tg_argv[0]; end $$`,
    );
  });
  afterAll(() => house.close());
  const create = () => house.ask<Problem>('POST', '/v1/predictions', { version, input: { text: 'hi' } });

  test.each([
    ['53100', 507, 'storage-full'],
    ['57P01', 503, 'unavailable'],
  ])('because of %s: %i, nothing is kept, and it works again when that is over', async (code, status, problem) => {
    await runSql(
      house.databaseUrl,
      `create trigger full_disk before insert on predictions for each row execute function refuse('${code}')`,
    );
    const before = await house.store.predictions.waitingTickets(null, 10);
    const refused = await create();
    expect(refused).toMatchObject({ status, body: { code: problem } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(await house.store.predictions.waitingTickets(null, 10)).toEqual(before);
    await runSql(house.databaseUrl, 'drop trigger full_disk on predictions');
    expect((await create()).status).toBe(201);
  });

  test('or that is locked: the store gives up when its time is over', async () => {
    const store = await createStore({ url: house.databaseUrl, answerWithinMs: 100 });
    const locked = runSql(house.databaseUrl, 'begin; lock table accounts; select pg_sleep(3); commit');
    const outcome = await untilFails(() => store.accounts.ensure({ type: 'user', username: 'ada', name: 'Ada' }));
    expect(storeProblem(outcome)).toMatchObject({ code: 'unavailable' });
    await locked;
    await store.close();
  });
});

/** The lock is taken a moment later: asks until one answer does not come. */
async function untilFails(ask: () => Promise<unknown>): Promise<unknown> {
  for (;;) {
    try {
      await ask();
    } catch (error) {
      return error;
    }
  }
}
