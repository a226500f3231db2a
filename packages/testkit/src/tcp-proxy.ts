import { once } from 'node:events';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What becomes of what is sent: it passes; it passes late; it is held, as by a cut cable; or connections are reset. */
export type Line = { readonly kind: 'open' | 'cut' | 'reset' } | { readonly kind: 'slow'; readonly delayMs: number };

/** A way from one program to another over TCP, which can be broken. */
export interface TcpProxy {
  readonly port: number;
  /** From now on, for connections that there are and those to come. What a cut held goes on when it is over. */
  set(line: Line): void;
  close(): Promise<void>;
}

/** Listens on `host` and `port` (0: a free one) and passes everything on to `target`. */
export async function startTcpProxy(target: NetConnectOpts, host = '127.0.0.1', port = 0): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let line: Line = { kind: 'open' };
  let healed = Promise.withResolvers<void>();

  /** Resolves when the next bytes may go on. */
  const passage = async (): Promise<void> => {
    if (line.kind === 'slow') await delay(line.delayMs);
    while (line.kind === 'cut') await healed.promise;
  };
  const relay = (from: Socket, to: Socket): void => {
    from.on('data', (bytes: Buffer) => {
      from.pause();
      void passage().then(() => {
        to.write(bytes);
        from.resume();
      });
    });
    from.on('end', () => void passage().then(() => to.end()));
    from.on('close', () => to.destroy());
    // An end by error is followed by `close`, which ends the other side.
    from.on('error', () => {});
  };
  const server = createServer((client) => {
    if (line.kind === 'reset') return sever(client);
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    relay(client, upstream);
    relay(upstream, client);
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');

  return {
    port: address.port,
    set(next) {
      line = next;
      if (next.kind !== 'cut') {
        healed.resolve();
        healed = Promise.withResolvers();
      }
      if (next.kind === 'reset') for (const socket of sockets) sever(socket);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** With a reset where there is such a thing: sockets of the file system are closed. */
function sever(socket: Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
