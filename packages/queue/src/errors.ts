/**
 * Redis (or Postgres, where it carries the queues) did not answer in time or refused. Nothing is lost by it: the store
 * has the prediction, and the sweep restores its ticket.
 */
export class TransportDown extends Error {
  override readonly name = 'TransportDown';

  constructor(what: string, cause: unknown) {
    super(`the transport is down: ${what} failed (${cause instanceof Error ? cause.message : String(cause)})`, {
      cause,
    });
  }
}

const ANSWER_WITHIN_MS = 2_000;

/** Bounds how long a caller waits for the transport. @throws TransportDown whatever went wrong */
export async function answered<T>(what: string, work: () => Promise<T>, withinMs = ANSWER_WITHIN_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${withinMs} ms`)), withinMs);
  });
  try {
    return await Promise.race([work(), deadline]);
  } catch (error) {
    throw new TransportDown(what, error);
  } finally {
    clearTimeout(timer);
  }
}
