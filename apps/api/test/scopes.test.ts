import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allows, effectiveScope, NEEDS, SCOPES, type Scope, scopesWithin } from '@hearth/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkDeclared } from '../src/plugins/scopes.ts';
import { type House, type Problem, startHouse } from './harness.ts';
import { filled, type Route, routesOf } from './routes.ts';

describe('the table of scopes', () => {
  it('gives each scope what the ones before it have', () => {
    const needs = Object.keys(NEEDS) as (keyof typeof NEEDS)[];
    const allowed = (scope: Scope, operator: boolean) => needs.filter((need) => allows({ scope, operator }, need));
    expect(SCOPES.map((scope) => allowed(scope, false))).toEqual([
      ['read'],
      ['read', 'run'],
      ['read', 'run', 'deploy'],
      ['read', 'run', 'deploy', 'admin'],
    ]);
    expect(allowed('deploy', true)).toEqual(['read', 'run', 'deploy']);
    expect(allowed('admin', true)).toEqual(needs);
    expect(SCOPES.map(scopesWithin).at(-1)).toEqual([...SCOPES]);
  });

  it('gives a member who is no owner deploy at most', () => {
    expect(SCOPES.map((scope) => effectiveScope(scope, 'owner'))).toEqual([...SCOPES]);
    expect(SCOPES.map((scope) => effectiveScope(scope, 'member'))).toEqual(['read', 'run', 'deploy', 'deploy']);
  });
});

describe('a route', () => {
  it.each([
    ['without a word on what it needs', { method: 'GET', url: '/x' }, 'GET /x does not say what it needs'],
    [
      'that changes something and does not say what',
      { method: ['PUT', 'PATCH'], url: '/x', config: { needs: 'deploy' as const } },
      'PUT PATCH /x does not say what it changes',
    ],
  ])('%s stops the start', (_what, route, message) => {
    expect(() => checkDeclared(route)).toThrow(message);
  });

  it('that only reads, or runs what has records of its own, changes nothing', () => {
    for (const [method, needs] of [
      ['GET', 'operator'],
      ['QUERY', 'read'],
      ['POST', 'run'],
      ['POST', 'nothing'],
    ] as const)
      expect(() => checkDeclared({ method, url: '/x', config: { needs } })).not.toThrow();
  });
});

describe('every route', () => {
  let house: House;
  let routes: Route[];
  let tokens: { scope: Scope; operator: boolean; token: string }[];
  beforeAll(async () => {
    house = await startHouse();
    routes = await routesOf(house);
    tokens = await Promise.all(
      [false, true].flatMap((operator) =>
        SCOPES.map(async (scope) => {
          const { token } = await house.addCaller(operator ? 'hearth' : 'ada', operator ? 'admin' : 'member', scope);
          return { scope, operator, token };
        }),
      ),
    );
  });
  afterAll(() => house.close());

  const send = (route: Route, authorization?: string) =>
    house.app.inject({
      method: route.method as 'GET',
      url: filled(route.path, {}),
      headers: { ...(authorization && { authorization }), 'content-type': 'application/json' },
      ...(route.method !== 'GET' && { payload: '{}' }),
    });

  it('is in the document with what it needs', () => {
    expect(routes.length).toBeGreaterThan(80);
    const known = [...Object.keys(NEEDS), 'nothing'];
    expect(routes.filter(({ needs }) => !known.includes(needs))).toEqual([]);
  });

  it('asks who it is', async () => {
    for (const route of routes) {
      const { statusCode } = await send(route);
      const isOpen = route.needs === 'nothing';
      expect([route.method, route.path, isOpen ? statusCode === 401 : statusCode]).toEqual([
        route.method,
        route.path,
        isOpen ? false : 401,
      ]);
    }
  });

  it('lets in whose token has the scope, and tells the others which it lacks', async () => {
    for (const route of routes) {
      if (route.needs === 'nothing') continue;
      for (const { scope, operator, token } of tokens) {
        const response = await send(route, `Bearer ${token}`);
        const problem = response.statusCode >= 400 ? response.json<Problem>() : null;
        const told = problem?.needed_scope && [problem.status, problem.needed_scope, problem.token_scopes];
        const expected = allows({ scope, operator }, route.needs) ? undefined : [403, route.needs, scopesWithin(scope)];
        expect([route.method, route.path, scope, operator, told ?? undefined]).toEqual([
          route.method,
          route.path,
          scope,
          operator,
          expected,
        ]);
        expect([401, 500]).not.toContain(response.statusCode);
      }
    }
  });
});

it('docs/guides/accounts.md has the table', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../../docs/guides/accounts.md'), 'utf8');
  const rows = SCOPES.map((scope, n) => {
    const before = SCOPES[n - 1];
    return `| \`${scope}\`${before ? `, and what \`${before}\` may` : ''} | ${NEEDS[scope].what} |`;
  });
  expect(guide).toContain([...rows, `| \`admin\`, of an operator | ${NEEDS.operator.what} |`].join('\n'));
});
