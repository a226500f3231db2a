import { request } from 'undici';

/** How long a server may take to answer `POST /shutdown`, and then to end by itself. */
export const SHUTDOWN_ANSWER_MS = 2_000;

/** Asks a model server to end. False where it did not take the request: the next step is a signal. */
export async function askToShutDown(address: string | null): Promise<boolean> {
  if (address === null) return false;
  try {
    const response = await request(`${address}/shutdown`, {
      method: 'POST',
      signal: AbortSignal.timeout(SHUTDOWN_ANSWER_MS),
    });
    await response.body.dump();
    return response.statusCode < 400;
  } catch {
    // It is gone, hangs, or went away while answering; the caller looks at the process itself.
    return false;
  }
}
