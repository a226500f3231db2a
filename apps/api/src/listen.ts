import { once } from 'node:events';
import { Server } from 'node:net';
import { inheritedSocket } from '@hearth/kit';
import type { App } from './context.ts';

/** On the socket that this process was handed, else on an address of its own. @throws where it cannot be listened on */
export async function listen(app: App, { host, port }: { host: string; port: number }): Promise<void> {
  const fd = inheritedSocket();
  if (fd === null) {
    await app.listen({ host, port });
    return;
  }
  await app.ready();
  app.server.listen({ fd });
  await once(app.server, 'listening');
}

/**
 * Takes no further connections and resolves when those it has are over, or `boundMs` have passed. One that idles is left
 * to its client: closing it could cross a request that is on its way, which http.Server's own `close` risks.
 */
export async function finishConnections({ server }: Pick<App, 'server'>, boundMs: number): Promise<void> {
  const closed = once(server, 'close');
  Server.prototype.close.call(server);
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise((resolve) => {
    timer = setTimeout(resolve, boundMs);
  });
  await Promise.race([closed, bound]);
  clearTimeout(timer);
}
