import { allows, type Need, scopesWithin } from '@hearth/contract';
import type { FastifyRequest, RouteOptions } from 'fastify';
import { Problem } from '../problem.ts';
import { callerOf } from './auth.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route needs of the token that asks. Every route says it. */
    needs?: Need;
    /** What it changes, as the audit log calls it: every route does that needs `deploy`, `admin` or `operator` and is no GET. */
    audit?: string;
  }
}

const READING = new Set(['GET', 'HEAD', 'OPTIONS', 'QUERY']);
/** What a token does with its own predictions and files has records of its own. */
const AUDITED: ReadonlySet<Need> = new Set(['deploy', 'admin', 'operator']);

/**
 * An `onRoute` hook: no route without a word on who may use it, and no change that leaves no trace.
 * @throws Error at the start, so that such a route never serves
 */
export function checkDeclared({ method, url, config }: Pick<RouteOptions, 'method' | 'url' | 'config'>): void {
  const route = `${[method].flat().join(' ')} ${url}`;
  if (config?.needs === undefined) throw new Error(`${route} does not say what it needs: give it config.needs`);
  const changes = [method].flat().some((each) => !READING.has(each));
  if (changes && AUDITED.has(config.needs) && config.audit === undefined)
    throw new Error(`${route} does not say what it changes: give it config.audit`);
}

/** An `onRequest` hook after `requireIdentity`. @throws Problem `insufficient-scope`, `forbidden` */
export async function requireScope(request: FastifyRequest): Promise<void> {
  const { needs } = request.routeOptions.config;
  if (needs === undefined) throw new Error(`${request.url} does not say what it needs`);
  const caller = callerOf(request);
  if (needs === 'nothing' || allows(caller, needs)) return;
  const has = scopesWithin(caller.scope);
  const scopes = { needed_scope: needs, token_scopes: has };
  if (needs === 'operator')
    throw new Problem(
      'forbidden',
      `This needs an operator's token with the scope admin; "${caller.tokenName}" ${caller.operator ? `has ${has.join(', ')}` : 'is none'}.`,
      { scopes },
    );
  throw new Problem(
    'insufficient-scope',
    `This needs the scope ${needs}; the token "${caller.tokenName}" has ${has.join(', ')}.`,
    { scopes },
  );
}
