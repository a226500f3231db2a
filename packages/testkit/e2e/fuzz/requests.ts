import { badPrediction } from './bad-predictions.ts';
import { conform, refusedBody, refusedForm } from './bodies.ts';
import type { Chance } from './chance.ts';
import { headerValue, oddHeaders, oddQuery, segment, text } from './garbage.ts';
import { isReading, type Operation } from './operations.ts';
import { rawRequest } from './raw.ts';
import type { HttpRequest, RawRequest } from './send.ts';

/** What the requests are made of. */
export interface FuzzWorld {
  readonly host: string;
  readonly token: string;
  readonly operations: readonly Operation[];
  /** Values of path parameters that lead somewhere, for reading. */
  readonly known: Readonly<Record<string, readonly string[]>>;
  /** Values of path parameters of something that may be changed. */
  readonly changeable: Readonly<Record<string, readonly string[]>>;
  /** Paths that answer without a token, with their query. */
  readonly capabilities: readonly string[];
  /** A path that makes predictions, and a body that it takes. */
  readonly create: { readonly path: string; readonly body: { readonly input: Record<string, unknown> } };
}

export interface Fuzzed {
  readonly what: string;
  readonly request: HttpRequest | RawRequest;
  /** `refusal`: nothing but a 4xx will do. `no-fault`: it changes nothing, so any answer that is not a 5xx will. */
  readonly expected: 'refusal' | 'no-fault';
}

export function fuzzedRequest(world: FuzzWorld, chance: Chance): Fuzzed {
  const made = chance.pick([
    reading,
    reading,
    changing,
    changing,
    changing,
    creating,
    creating,
    conforming,
    elsewhere,
    raw,
    upload,
  ]);
  return made(world, chance);
}

function reading(world: FuzzWorld, chance: Chance): Fuzzed {
  const operation = chance.pick(world.operations.filter(isReading));
  const capability = operation.pathParameters.includes('capability') || chance.oneIn(15);
  const path =
    capability && chance.oneIn(2)
      ? chance.pick(world.capabilities)
      : pathOf(chance, operation, world.known) + oddQuery(chance, operation.queryParameters);
  const query = operation.method === 'QUERY';
  const body =
    query || chance.oneIn(20) ? Buffer.from(chance.oneIn(3) ? JSON.stringify(text(chance)) : text(chance)) : null;
  const type = query
    ? { 'content-type': chance.pick(['text/plain', 'application/json', 'text/plain; charset=x']) }
    : {};
  return {
    what: `a reading ${operation.method} ${operation.path}`,
    request: {
      kind: 'http',
      method: operation.method === 'GET' && isHttp(path) && chance.oneIn(6) ? 'HEAD' : operation.method,
      path,
      headers: { host: world.host, ...oddHeaders(chance), ...type, ...authorization(world, chance) },
      body,
    },
    expected: 'no-fault',
  };
}

/** A request that would change something, and cannot. */
function changing(world: FuzzWorld, chance: Chance): Fuzzed {
  const operation = chance.pick(world.operations.filter((one) => !isReading(one)));
  const { method, path, body: schema } = operation;
  const inVain = { kind: 'http', method, path: pathOf(chance, operation, {}) } as const;
  const base = { host: world.host, ...oddHeaders(chance) };
  if (chance.oneIn(8)) {
    const headers = { ...base, ...badAuthorization(chance) };
    return { what: `${method} ${path} by nobody`, request: { ...inVain, headers, body: null }, expected: 'refusal' };
  }
  // A multipart route: refused whatever JSON it gets.
  const { what, bytes, headers: typed } = path === '/v1/files' ? refusedForm(chance) : refusedBody(chance, schema);
  const headers = { ...base, ...typed, authorization: `Bearer ${world.token}` };
  return { what: `${method} ${path} with ${what}`, request: { ...inVain, headers, body: bytes }, expected: 'refusal' };
}

/** A body of the right kinds and odd values: refused, or taken as it is. It can make nothing run. */
function conforming({ host, token, operations, changeable }: FuzzWorld, chance: Chance): Fuzzed {
  const takers = operations.flatMap(({ body, ...one }) => (isReading(one) || body === null ? [] : [{ ...one, body }]));
  const operation = chance.pick(takers);
  const target = operation.method === 'PATCH' && chance.oneIn(2) ? changeable : {};
  return {
    what: `${operation.method} ${operation.path} with odd values`,
    request: {
      kind: 'http',
      method: operation.method,
      path: pathOf(chance, operation, target),
      headers: { host, authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(conform(chance, operation.body)) ?? 'null'),
    },
    expected: 'no-fault',
  };
}

/** A prediction that would run, but for one thing. */
function creating({ host, token, create }: FuzzWorld, chance: Chance): Fuzzed {
  const [what, over, body] = badPrediction(chance, create.body);
  const json = typeof body === 'string' ? body : JSON.stringify(body);
  const headers = {
    host,
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    ...(chance.oneIn(3) && { prefer: headerValue(chance) }),
    ...over,
  };
  return {
    what: `a prediction with ${what}`,
    request: { kind: 'http', method: 'POST', path: create.path, headers, body: Buffer.from(json) },
    expected: 'refusal',
  };
}

/** What is no HTTP is answered with a body, whatever its method, so a HEAD must be HTTP at least. */
const isHttp = (path: string): boolean => /^[!-~]*$/.test(path);

/** Where there is nothing. */
function elsewhere(world: FuzzWorld, chance: Chance): Fuzzed {
  const { path, pathParameters } = chance.pick(world.operations);
  const there = new Set(world.operations.filter((one) => one.path === path).map(({ method }) => method));
  const method = chance.pick(METHODS.filter((one) => !there.has(one) && !(one === 'HEAD' && there.has('GET'))));
  const lost = chance.oneIn(2)
    ? pathOf(chance, { path, pathParameters }, {})
    : chance.pick([
        '/',
        '//',
        '/v1',
        '/v1/',
        '/v2/predictions',
        '/v1/v1/v1/predictions',
        '/.env',
        '/v1/predictions/',
        `/${segment(chance)}`,
        `/v1/${segment(chance)}`,
      ]);
  const headers = { host: world.host, ...oddHeaders(chance), ...authorization(world, chance) };
  return {
    what: `${method} where there is nothing`,
    request: {
      kind: 'http',
      method: isHttp(lost) ? method : 'GET',
      path: lost,
      headers,
      body: chance.oneIn(3) ? Buffer.from('{}') : null,
    },
    // Preflights are anybody's to ask.
    expected: method === 'OPTIONS' || method === 'GET' || method === 'HEAD' ? 'no-fault' : 'refusal',
  };
}

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'LOCK',
  'PROPFIND',
  'SEARCH',
  'PURGE',
  'M-SEARCH',
  'QUERY',
];

function upload({ host, token }: FuzzWorld, chance: Chance): Fuzzed {
  const { what, bytes, headers: typed } = refusedForm(chance);
  const headers = { host, ...oddHeaders(chance), ...typed, authorization: `Bearer ${token}` };
  return {
    what: `an upload of ${what}`,
    request: { kind: 'http', method: 'POST', path: '/v1/files', headers, body: bytes },
    expected: 'refusal',
  };
}

function raw(world: FuzzWorld, chance: Chance): Fuzzed {
  const { what, request } = rawRequest(world, chance);
  return { what: `raw: ${what}`, request, expected: 'refusal' };
}

/** Its parameters filled with what is known, sometimes, or with what leads nowhere. */
function pathOf(
  chance: Chance,
  { path, pathParameters }: Pick<Operation, 'path' | 'pathParameters'>,
  known: FuzzWorld['known'],
): string {
  let filled = path;
  for (const name of pathParameters) {
    const values = known[name] ?? [];
    filled = filled.replace(`{${name}}`, () =>
      values.length > 0 && chance.oneIn(2) ? chance.pick(values) : segment(chance),
    );
  }
  return chance.oneIn(12) ? filled.replace('/v1/', '/v1/v1/') : filled;
}

function authorization(world: FuzzWorld, chance: Chance): Record<string, string> {
  if (!chance.oneIn(10)) return { authorization: `${chance.pick(['Bearer', 'Token', 'bearer'])} ${world.token}` };
  return badAuthorization(chance);
}

function badAuthorization(chance: Chance): Record<string, string> {
  const value = chance.pick([
    '',
    'Bearer',
    'Bearer ',
    'Basic aDpi',
    'Token x',
    `Bearer ${'x'.repeat(3_000)}`,
    'Bearer a b',
    'Bearer \u00ff',
    'null',
  ]);
  return chance.oneIn(5) ? {} : { authorization: value };
}
