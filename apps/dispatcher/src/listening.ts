import type { AddressInfo } from 'node:net';
import type { Logger } from '@hearth/kit';
import type { FastifyInstance } from 'fastify';
import { isCovered, listenAddresses } from './addresses.ts';

export interface ListeningOptions {
  /** What HEARTH_CALLBACK_HOST names. */
  readonly callbackHosts: readonly string[];
  /** 0 lets the system choose; then only one address can be listened on. */
  readonly port: number;
  readonly build: () => FastifyInstance;
  readonly log: Logger;
}

/** Where containers report: the addresses that were configured, and those that the hosts of the fleet call. */
export interface Listening {
  readonly port: number;
  /** @throws where a configured address cannot be listened on */
  open(): Promise<void>;
  /** Listens on these as well, and no longer on what only earlier ones called. An address that is not this machine's is left out. */
  also(addresses: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export function createListening({ callbackHosts, port, build, log }: ListeningOptions): Listening {
  const apps = new Map<string, FastifyInstance>();
  const refused = new Set<string>();
  let number = port;

  const listen = async (host: string): Promise<void> => {
    const app = build();
    try {
      await app.listen({ host, port: number });
    } catch (error) {
      await app.close();
      throw error;
    }
    number = portOf(app.server.address());
    apps.set(host, app);
    refused.delete(host);
    log.info({ listening: `${host}:${number}` }, 'containers report here');
  };

  return {
    get port() {
      return number;
    },
    async open() {
      for (const host of listenAddresses(callbackHosts)) await listen(host);
    },
    async also(addresses) {
      const wanted = new Set(addresses.filter((address) => !isCovered(address, callbackHosts)));
      for (const host of wanted) {
        if (apps.has(host)) continue;
        try {
          await listen(host);
        } catch (error) {
          // Another machine's, in front of this one, or not there yet: a check of the host says whether the way is open.
          if (!refused.has(host)) log.warn({ err: error, host }, 'cannot listen where a host reports to');
          refused.add(host);
        }
      }
      const configured = listenAddresses(callbackHosts);
      for (const [host, app] of apps) {
        if (wanted.has(host) || configured.includes(host)) continue;
        apps.delete(host);
        await app.close();
      }
    },
    async close() {
      await Promise.all([...apps.values()].map((app) => app.close()));
    },
  };
}

function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === 'string') throw new Error('the callback listener has no port');
  return address.port;
}
