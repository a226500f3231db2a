import { createCoalescer } from '@hearth/kit';
import type { ApiDeps } from './deps.ts';

const EVERY_MS = 60_000;
const AT_ONCE = 100;

type Deps = Pick<ApiDeps, 'store' | 'queues' | 'log'>;

/**
 * Clears away what the queues of removed deployments left in Redis or Postgres, once nothing runs for them: earlier, a
 * consumer that is still attached would make some of it anew. A ticket that is lost with a queue whose version came back at
 * that moment is restored by the dispatcher's sweep.
 */
export async function sweepQueues({ store, queues, log }: Deps): Promise<void> {
  try {
    for (const id of await store.deployments.queuesLeft(AT_ONCE)) {
      await queues.obliterate(id);
      await store.deployments.queueRemoved(id);
    }
  } catch (error) {
    log.warn({ err: error }, 'queues of removed deployments are still there; the next sweep tries again');
  }
}

/** Sweeps now and then. Answers how to end it. */
export function startQueueSweep(deps: Deps): () => Promise<void> {
  const sweep = createCoalescer(() => sweepQueues(deps));
  const timer = setInterval(() => sweep.trigger(), EVERY_MS);
  sweep.trigger();
  return () => {
    clearInterval(timer);
    return sweep.close();
  };
}
