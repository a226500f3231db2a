import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { type AuditLog, createAuditLog } from './audit/audit.ts';
import { lookAtBoard } from './board/look.ts';
import { createWatching, type Watching } from './board/watching.ts';
import type { ApiDeps } from './deps.ts';
import { createNoticeHub, type NoticeHub } from './notices.ts';
import { type Auth, createAuth } from './plugins/auth.ts';
import { createGuessThrottle, type GuessThrottle } from './plugins/guesses.ts';
import { createTails, type Tails } from './predictions/tails.ts';
import { createTargets, type Targets } from './predictions/targets.ts';
import { type BootOf, createWaiting, type EtaOf, type WaitingOf } from './predictions/waiting.ts';
import { createRates, type Rates } from './rates.ts';
import { createUrls, type Urls } from './urls.ts';

/** What routes are given: the outside, and what the API makes of it once. */
export interface Context {
  readonly deps: ApiDeps;
  readonly auth: Auth;
  readonly guesses: GuessThrottle;
  readonly audit: AuditLog;
  readonly urls: Urls;
  readonly targets: Targets;
  readonly rates: Rates;
  readonly hub: NoticeHub;
  readonly tails: Tails;
  readonly watching: Watching;
  readonly waitingOf: WaitingOf;
  readonly bootOf: BootOf;
  readonly etaOf: EtaOf;
  /** Fires when the server begins to close: holds answer and streams end. */
  readonly closing: AbortSignal;
}

/** A Fastify whose route schemas are zod's. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export function createContext(deps: ApiDeps, closing: AbortSignal): Context {
  const { store, settings, now, log } = deps;
  const hub = createNoticeHub(deps.bus);
  const context: Context = {
    deps,
    closing,
    auth: createAuth(store, settings.publicUrl, now),
    guesses: createGuessThrottle(now),
    audit: createAuditLog(store, now),
    urls: createUrls(settings.publicUrl, deps, now),
    targets: createTargets(store, settings, now),
    rates: createRates(store, now),
    hub,
    tails: createTails({ store, hub, log }),
    watching: createWatching({ bus: deps.bus, log, now, look: (accountIds) => lookAtBoard(context, accountIds) }),
    ...createWaiting(store, now),
  };
  return context;
}
