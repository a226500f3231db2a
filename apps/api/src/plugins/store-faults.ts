import { TransportDown } from '@hearth/queue';
import { Problem } from '../problem.ts';

/** No room: Postgres' class 53 has a code for it, Node's the others, and Redis says it in words. */
const FULL_CODES = new Set(['53100', 'ENOSPC', 'EDQUOT']);
const FULL_WORDS = /^(MISCONF|OOM) /;

/**
 * The store is away, starts, ends, takes no more connections, is read-only, or did not answer within its time.
 * Postgres' classes 08 and 57, and what Node and pg say of connections.
 */
const AWAY_CODES =
  /^(08[0-9A-Z]{3}|57014|57P0[1-5]|53300|53200|25006|58030|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|EHOSTUNREACH)$/;
const AWAY_WORDS = /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout)/;

const FULL_RETRY_SECONDS = 30;
const AWAY_RETRY_SECONDS = 5;

/** The refusal that tells of it, where a store or the queue could not do its part; null: it is something else. */
export function storeProblem(error: unknown): Problem | null {
  if (!(error instanceof Error)) return null;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const cause = error.cause instanceof Error ? error.cause.message : '';
  if (FULL_CODES.has(code) || FULL_WORDS.test(error.message) || FULL_WORDS.test(cause)) {
    return new Problem('storage-full', 'There is no room left to store this. Nothing of it was kept.', {
      retryAfterSeconds: FULL_RETRY_SECONDS,
    });
  }
  // A socket of Postgres that is not there (yet).
  const isMissingSocket = code === 'ENOENT' && 'syscall' in error && error.syscall === 'connect';
  const isAway = AWAY_CODES.test(code) || AWAY_WORDS.test(error.message) || isMissingSocket;
  if (!isAway && !(error instanceof TransportDown)) return null;
  return new Problem('unavailable', 'The database or the queue does not answer at the moment.', {
    retryAfterSeconds: AWAY_RETRY_SECONDS,
  });
}
