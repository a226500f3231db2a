import rateLimit from '@fastify/rate-limit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../context.ts';
import { Problem } from '../problem.ts';

/** Requests of one token, or of one address without a token, within a minute; null: any number. */
export interface RateLimits {
  /** Creations of predictions and trainings. */
  readonly predictionsPerMinute: number | null;
  /** All others. */
  readonly requestsPerMinute: number | null;
}

/** An `onRequest` hook: counts the request, says so in the headers, and refuses one too many. */
export type Throttle = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

const MINUTE_MS = 60_000;
/** Of one address: more are guesses. */
const WRONG_SIGN_INS_PER_MINUTE = 30;

const CREATION = /\/(?:predictions|trainings)$/;

const isCreation = (request: FastifyRequest): boolean =>
  request.method === 'POST' && CREATION.test(request.routeOptions.url ?? '');

/**
 * Limits for each token, in the memory of this process, so that counting costs a request no round trip; with several API
 * processes each counts for itself. Headers and body are Replicate's (contract §1.13, §1.14). Nobody is banned: the official
 * JavaScript client answers a 429 with five more requests at once.
 */
export async function createThrottle(app: App, limits: RateLimits): Promise<Throttle> {
  await app.register(rateLimit, { global: false });
  const limiter = (max: number | null) =>
    max === null
      ? null
      : app.createRateLimit({
          max,
          timeWindow: MINUTE_MS,
          keyGenerator: (request) => request.identity?.tokenId ?? request.ip,
        });
  const creations = limiter(limits.predictionsPerMinute);
  const others = limiter(limits.requestsPerMinute);

  return async (request, reply) => {
    const creation = isCreation(request);
    const counted = await (creation ? creations : others)?.(request);
    if (counted === undefined || counted.isAllowed) return;
    say(reply, counted, creation ? 'creating predictions' : 'requests other than creating predictions');
  };
}

/** Slows guesses at the sign-in of the web UI, by address. Good tries do not count: many people may share an address. */
export interface SignInThrottle {
  /** An `onRequest` hook. @throws Problem `throttled` after too many wrong tries */
  check: Throttle;
  noteWrong(request: FastifyRequest): Promise<void>;
}

/** After {@link createThrottle} was called for the same app. */
export function createSignInThrottle(app: App): SignInThrottle {
  const limiter = app.createRateLimit({
    max: WRONG_SIGN_INS_PER_MINUTE,
    timeWindow: MINUTE_MS,
    keyGenerator: (request) => `sign-in ${request.ip}`,
  });
  return {
    async check(request, reply) {
      const counted = await limiter(request, { increment: false });
      if (!counted.isAllowed) say(reply, { ...counted, isExceeded: counted.remaining === 0 }, 'signing in');
    },
    async noteWrong(request) {
      await limiter(request);
    },
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
