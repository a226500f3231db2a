import { afterWrongGuess, type Guesses, type GuessTerms } from '@hearth/core';
import { callerNetwork } from '@hearth/kit';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../problem.ts';
import { SESSION_COOKIE } from '../session-cookie.ts';

const FROM_ONE: GuessTerms = { burst: 10, perMinute: 10, firstWaitMs: 1_000, longestWaitMs: 15 * 60_000 };
/** From all together. Whoever guesses from many addresses has many. */
const FROM_ALL: GuessTerms = { burst: 1_000, perMinute: 1_000, firstWaitMs: 1_000, longestWaitMs: 60_000 };
const REMEMBERED = 10_000;
/** What is no token at all is no guess at one. */
const A_TOKEN = /^(?:bearer|token)\s+\S/i;

/**
 * Slows guesses at tokens, sessions and sign-ins, by where they come from. Only what is wrong counts and is refused: a good
 * token cannot be guessed, and many people may share an address with whoever tries.
 */
export interface GuessThrottle {
  /** An `onRequest` hook after `identify`. @throws Problem `throttled` where a token or a session was one wrong one too many */
  readonly check: (request: FastifyRequest) => Promise<void>;
  /** A wrong token was tried. @throws Problem `throttled` */
  wrong(request: FastifyRequest): void;
}

/** In the memory of this process; with several API processes each remembers for itself. */
export function createGuessThrottle(now: () => number): GuessThrottle {
  const known = new Map<string, Guesses>();
  let all: Guesses | null = null;

  const wrong = (request: FastifyRequest): void => {
    const at = now();
    const from = callerNetwork(request.ip);
    const mine = afterWrongGuess(known.get(from) ?? null, at, FROM_ONE);
    known.delete(from);
    known.set(from, mine);
    for (const oldest of known.keys()) {
      if (known.size <= REMEMBERED) break;
      known.delete(oldest);
    }
    // What is told to wait already adds nothing to what all together are told.
    all = mine.until > at ? all : afterWrongGuess(all, at, FROM_ALL);
    const waitMs = Math.max(mine.until, all?.until ?? at) - at;
    if (waitMs > 0) throw tooMany(Math.ceil(waitMs / 1_000));
  };
  return {
    wrong,
    async check(request) {
      const tried = A_TOKEN.test(request.headers.authorization ?? '') || request.cookies[SESSION_COOKIE] !== undefined;
      if (tried && request.identity === null) wrong(request);
    },
  };
}

const tooMany = (retryAfterSeconds: number): Problem =>
  new Problem(
    'throttled',
    `Too many wrong tokens came from your address. Try again in ${retryAfterSeconds} seconds; a good token is taken at any time.`,
    { retryAfterSeconds },
  );
