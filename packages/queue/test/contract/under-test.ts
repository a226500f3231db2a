import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createLogger, newId, systemNow } from '@hearth/kit';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import {
  createTransport,
  type Ticket,
  type TicketOutcome,
  type Transport,
  type TransportAddress,
} from '../../src/index.ts';

const log = createLogger({ room: 'test', level: 'silent' });
export const LOCK_MS = 600;
const PATIENCE = { timeout: 10_000, interval: 10 };

export const ticket = (predictionId: string, attempt = 0): Ticket => ({ predictionId, attempt });
export const open = (address: TransportAddress): Promise<Transport> =>
  createTransport(address, { now: systemNow, log, lockMs: LOCK_MS });
export const newDeployment = (): string => newId(systemNow());
export const until = (check: () => unknown): Promise<unknown> => vi.waitFor(check, PATIENCE);

/** A handler that notes what it was given, and holds it until `release` when told to. */
export function recorder(options: { hold?: boolean; outcome?: (ticket: Ticket) => TicketOutcome } = {}) {
  const taken: string[] = [];
  const held = new Set<() => void>();
  let most = 0;
  return {
    taken,
    heldNow: () => held.size,
    mostHeld: () => most,
    release: () => {
      for (const letGo of held) letGo();
    },
    handle: async (given: Ticket): Promise<TicketOutcome> => {
      taken.push(given.predictionId);
      if (options.hold) {
        await new Promise<void>((letGo) => {
          const entry = (): void => {
            held.delete(entry);
            letGo();
          };
          held.add(entry);
          most = Math.max(most, held.size);
        });
      }
      return options.outcome?.(given) ?? { kind: 'done' };
    },
  };
}

/** A process of its own that takes one ticket and never lets go of it. */
interface Holder {
  /** The prediction of the ticket that it has taken. */
  readonly held: Promise<string>;
  /** As a `kill -9`. */
  kill(): Promise<void>;
}

/** What may differ between transports. */
export type Liberty = 'sizeOfNotices' | 'pokesAtOnce' | 'failingListeners';

export interface TransportUnderTest {
  /** What each process calls: all of these share their queues. */
  open(): Promise<Transport>;
  startHolder(deploymentId: string): Holder;
  /** What it does not do as the others, and why it may. */
  readonly liberties: Readonly<Partial<Record<Liberty, string>>>;
}

/** A transport with an address, which any process can reach. */
export const reachedAt = (address: TransportAddress): TransportUnderTest => ({
  open: () => open(address),
  startHolder(deploymentId) {
    const script = new URL('../fixtures/hold-ticket.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [script, JSON.stringify(address), deploymentId, String(LOCK_MS)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return {
      held: once(child.stdout, 'data').then(([said]) => /^HELD (.*)\n$/.exec(String(said))?.[1] ?? String(said)),
      async kill() {
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    };
  },
  liberties: {},
});

/** Opens a transport for each test, and names a queue of its own to it. */
export function eachOpens(subject: TransportUnderTest) {
  let transport: Transport;
  let deploymentId: string;
  beforeEach(async () => {
    transport = await subject.open();
    deploymentId = newDeployment();
  });
  afterEach(() => transport.close());
  return {
    get transport() {
      return transport;
    },
    get deploymentId() {
      return deploymentId;
    },
    enqueue: async (...ids: string[]): Promise<void> => {
      for (const id of ids) await transport.queues.enqueue(deploymentId, ticket(id));
    },
    empty: () =>
      until(async () => expect(await transport.queues.depth(deploymentId)).toEqual({ waiting: 0, active: 0 })),
  };
}
