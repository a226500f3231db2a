import type { Context } from './context.ts';
import { Problem } from './problem.ts';

const ANSWER_MS = 5_000;

/** What the scheduler answers at a path of its own, below 127.0.0.1; null where it does not, which is logged. */
export async function askScheduler({ deps }: Context, path: string): Promise<Response | null> {
  try {
    const response = await fetch(`${deps.settings.schedulerUrl}${path}`, { signal: AbortSignal.timeout(ANSWER_MS) });
    if (response.ok) return response;
    deps.log.warn({ path, status: response.status }, 'the scheduler has no answer');
  } catch (error) {
    deps.log.warn({ err: error, path }, 'the scheduler does not answer');
  }
  return null;
}

export const schedulerIsSilent = (): Problem =>
  new Problem('unavailable', 'The scheduler does not answer.', { headers: { 'retry-after': '5' } });
