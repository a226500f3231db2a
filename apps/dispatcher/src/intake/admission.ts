import { createCoalescer } from '@hearth/kit';
import type { QueuedTicket } from '@hearth/queue';
import type { Context } from '../context.ts';

type Deps = Pick<Context, 'store' | 'queues' | 'bus' | 'log' | 'now' | 'closing'>;

/**
 * Keeps accounts to how many predictions they may have queued or running. What is beyond that has no ticket, so that no
 * consumer ever takes one in vain; it is let in, oldest first, as others of its account end. Level-triggered: a call
 * that is lost or fails is made up for by the next look.
 */
export interface Admission {
  /** Looks at every account that has a limit, or has predictions held. */
  look(): Promise<void>;
  /** A prediction of this account is over. */
  ended(accountId: string): void;
  close(): Promise<void>;
}

export function createAdmission(deps: Deps): Admission {
  const { store, log, closing } = deps;
  let capped: ReadonlySet<string> = new Set();
  let ended = new Set<string>();

  const balance = async (accountIds: Iterable<string>): Promise<void> => {
    for (const accountId of accountIds) await admit(deps, accountId);
  };
  // Of many that end at once, one look lets in as many.
  const afterEnds = createCoalescer(async () => {
    const accountIds = ended;
    ended = new Set();
    try {
      await balance(accountIds);
    } catch (error) {
      log.warn({ err: error }, 'could not let in held predictions; looking again soon');
    }
  });
  return {
    async look() {
      capped = new Set(await store.predictions.cappedAccounts());
      await balance(capped);
    },
    ended(accountId) {
      if (!capped.has(accountId) || closing.aborted) return;
      ended.add(accountId);
      afterEnds.trigger();
    },
    close: () => afterEnds.close(),
  };
}

async function admit({ store, queues, bus, now, closing }: Deps, accountId: string): Promise<void> {
  for (;;) {
    const { admitted, held, more } = await store.predictions.admit(accountId, now());
    for (const ticket of held) await queues.withdraw(ticket.deploymentId, ticket);
    if (admitted.length > 0) {
      // Whatever keeps these from the queue, the sweep restores them: they are in it by what the store says.
      await enqueueAll(queues, admitted);
      bus.poke('scheduler');
    }
    if (!more || closing.aborted) return;
  }
}

async function enqueueAll(queues: Deps['queues'], tickets: readonly QueuedTicket[]): Promise<void> {
  for (const ticket of tickets) await queues.enqueue(ticket.deploymentId, ticket, ticket.priority);
}
