import { systemNow } from '@hearth/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type House, type Problem, startHouse } from './harness.ts';

let house: House;
let now = systemNow();
const start = (trustProxy: readonly string[] | null = null) =>
  startHouse({ settings: { trustProxy }, deps: (deps) => ({ ...deps, now: () => now }) });
beforeEach(async () => {
  now = systemNow();
  house = await start(['127.0.0.1']);
});
afterEach(() => house.close());

const ask = (token: string | null, { from = '203.0.113.7', of = house } = {}) =>
  of.app.inject({
    url: '/v1/account',
    headers: { 'x-forwarded-for': from, ...(token !== null && { authorization: `Bearer ${token}` }) },
  });
const guesses = async (count: number, more = {}) => {
  const statuses: number[] = [];
  for (let nth = 0; nth < count; nth++) statuses.push((await ask(`hth_guess_${nth}`, more)).statusCode);
  return statuses;
};
const times = (count: number, status: number): number[] => Array.from({ length: count }, () => status);

describe('guesses at tokens', () => {
  it('are refused after ten from an address, for twice as long each time, and a good token is not', async () => {
    expect(await guesses(10)).toEqual(times(10, 401));
    for (const wait of [1, 2, 4]) {
      const refused = await ask('hth_guess');
      expect({ status: refused.statusCode, after: refused.headers['retry-after'] }).toEqual({
        status: 429,
        after: String(wait),
      });
      expect(refused.json<Problem>()).toMatchObject({ code: 'throttled', retry_after: wait });
      expect((await ask(house.admin.token)).statusCode).toBe(200);
      now += wait * 1_000;
    }
    now += 10 * 60_000;
    expect(await guesses(10)).toEqual(times(10, 401));
  });

  it('by a cookie count as well, and no token at all counts as nothing', async () => {
    for (let nth = 0; nth < 40; nth++) expect((await ask(null)).statusCode).toBe(401);
    const cookie = (value: string) =>
      house.app.inject({
        url: '/v1/account',
        headers: { cookie: `hearth_session=${value}`, 'x-forwarded-for': '203.0.113.7' },
      });
    for (let nth = 0; nth < 10; nth++) expect((await cookie(`guess${nth}`)).statusCode).toBe(401);
    expect((await cookie('guess')).statusCode).toBe(429);
  });

  it('from elsewhere are counted by themselves, from one IPv6 network together', async () => {
    expect(await guesses(11)).toEqual([...times(10, 401), 429]);
    expect(await guesses(1, { from: '203.0.113.8' })).toEqual([401]);
    for (let nth = 0; nth < 10; nth++) expect(await guesses(1, { from: `2001:db8:1:2::${nth + 1}` })).toEqual([401]);
    expect(await guesses(1, { from: '2001:db8:1:2:ffff::1' })).toEqual([429]);
    expect(await guesses(1, { from: '2001:db8:1:3::1' })).toEqual([401]);
  });

  it('from very many addresses are refused too', async () => {
    const from = Array.from({ length: 1_000 }, (_, nth) => `198.18.${nth >> 8}.${nth & 255}`);
    await Promise.all(from.map((each) => ask('hth_guess', { from: each })));
    expect(await guesses(1, { from: '198.51.100.1' })).toEqual([429]);
    expect((await ask(house.admin.token, { from: '198.51.100.2' })).statusCode).toBe(200);
  });

  it('cannot say where they come from, unless a proxy that is trusted says it', async () => {
    const strict = await start();
    for (let nth = 0; nth < 10; nth++) await ask('hth_guess', { from: `198.51.100.${nth}`, of: strict });
    expect(await guesses(1, { from: '198.51.100.99', of: strict })).toEqual([429]);
    await strict.close();
  });
});
