import type { LookupFunction } from 'node:net';
import type { OutboundGuard } from '@hearth/kit';
import { Agent, buildConnector } from 'undici';

/**
 * Connections to addresses that users gave, each judged as it is made: what was judged is what is connected to, whatever
 * the name stands for by then. A connection that is kept is one that was judged.
 */
/** `silenceMs`: how long a server may say nothing; left out, for ever. */
export function createGuardedAgent(
  guard: OutboundGuard,
  { connectMs, silenceMs = 0 }: { connectMs: number; silenceMs?: number },
): Agent {
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
        buildConnector({ timeout: connectMs, lookup: judged })(options, callback);
      },
      (error: Error) => callback(error, null),
    );
  };
  return new Agent({ connect, headersTimeout: silenceMs, bodyTimeout: silenceMs });
}
