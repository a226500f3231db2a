import type { LookupFunction } from 'node:net';
import type { OutboundGuard } from '@hearth/kit';
import { Agent, buildConnector } from 'undici';

/**
 * Connections to addresses that users gave, each judged as it is made: what was judged is what is connected to, whatever
 * the name stands for by then. A connection that is kept is one that was judged.
 */
export function createGuardedAgent(guard: OutboundGuard, connectTimeoutMs: number): Agent {
  const connect: buildConnector.connector = (options, callback) => {
    const port = Number(options.port || (options.protocol === 'https:' ? 443 : 80));
    guard.addressesOf(options.hostname, port).then(
      (addresses) => {
        const judged: LookupFunction = (_name, { all }, found) => {
          const [first] = addresses;
          if (all) found(null, [...addresses]);
          else if (first) found(null, first.address, first.family);
          else found(new Error(`${options.hostname} stands for no address`), '', 0);
        };
        buildConnector({ timeout: connectTimeoutMs, lookup: judged })(options, callback);
      },
      (error: Error) => callback(error, null),
    );
  };
  return new Agent({ connect, headersTimeout: 0, bodyTimeout: 0 });
}
