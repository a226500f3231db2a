import rateLimit from '@fastify/rate-limit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../context.ts';
import { Problem } from '../problem.ts';
import type { Rates } from '../rates.ts';
import { RateWindows } from './rate-windows.ts';

/** Requests of one token, or of one address without a token, within a minute; null: any number. */
export interface RateLimits {
  /** Creations of predictions and trainings. */
  readonly predictionsPerMinute: number | null;
  /** All others. */
  readonly requestsPerMinute: number | null;
}

type MaxOf = (request: FastifyRequest) => Promise<number | null>;

/** An `onRequest` hook: counts the request, says so in the headers, and refuses one too many. */
export type Throttle = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

const MINUTE_MS = 60_000;

const CREATION = /\/(?:predictions|trainings)$/;

const isCreation = (request: FastifyRequest): boolean =>
  request.method === 'POST' && CREATION.test(request.routeOptions.url ?? '');

/** Those who may create without limit count nowhere. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;

/**
 * Limits for each token, in the memory of this process, so that counting costs a request no round trip; with several API
 * processes each counts for itself. Headers and body are Replicate's (contract §1.13, §1.14). Nobody is banned: the official
 * JavaScript client answers a 429 with five more requests at once. What a token or an account may create, its budget may
 * say instead of the installation.
 */
export async function createThrottle(app: App, limits: RateLimits, rates: Rates): Promise<Throttle> {
  await app.register(rateLimit, { global: false, store: RateWindows });
  const limiter = (max: MaxOf, key: (request: FastifyRequest) => string) =>
    app.createRateLimit({
      timeWindow: MINUTE_MS,
      max: async (request) => (await max(request)) ?? UNLIMITED,
      allowList: async (request) => (await max(request)) === null,
      keyGenerator: key,
    });
  const caller = (request: FastifyRequest): string => request.identity?.tokenId ?? request.ip;
  const tokenRate: MaxOf = async ({ identity }) => (await rates.of(identity)).token ?? limits.predictionsPerMinute;
  const accountRate: MaxOf = async ({ identity }) => (await rates.of(identity)).account;
  const creations = limiter(tokenRate, caller);
  const ofAccount = limiter(accountRate, ({ identity }) => `account ${identity?.account.id}`);
  const others = limiter(async () => limits.requestsPerMinute, caller);

  return async (request, reply) => {
    if (!isCreation(request)) {
      const counted = await others(request);
      if (!counted.isAllowed) say(reply, counted, 'requests other than creating predictions');
      return;
    }
    const counted = await creations(request);
    if (!counted.isAllowed) say(reply, counted, 'creating predictions');
    const shared = await ofAccount(request);
    if (shared.isAllowed) return;
    // The headers are those of the limit that is nearer.
    if (shared.isExceeded || counted.isAllowed || shared.remaining < counted.remaining)
      say(reply, shared, 'creating predictions with all tokens of your account');
  };
}

/** @throws Problem `throttled` where it was one too many */
function say(
  reply: FastifyReply,
  counted: { ttlInSeconds: number; remaining: number; isExceeded: boolean; max: number },
  what: string,
): void {
  const resetSeconds = Math.max(1, counted.ttlInSeconds);
  reply.headers({ 'ratelimit-remaining': counted.remaining, 'ratelimit-reset': resetSeconds });
  if (!counted.isExceeded) return;
  throw new Problem(
    'throttled',
    `Request was throttled. Your rate limit for ${what} is ${counted.max} a minute. Expected available in ${resetSeconds} seconds.`,
    { retryAfterSeconds: resetSeconds },
  );
}
