import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A port that we are about to give to a server, and the variable that sets it. */
export interface WantedPort {
  readonly key: string;
  readonly port: number;
  readonly host: string;
}

/** Somebody else listens on a port that we need. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

/** A free port where `port` is 0, else `port`: the servers must be told the same number, so it is chosen here. */
export async function choosePort(port: number, host: string): Promise<number> {
  if (port !== 0) return port;
  const server = await listenOn(0, host);
  const address = server?.address();
  await closed(server);
  if (typeof address !== 'object' || address === null) throw new Error(`no port of ${host} is free`);
  return address.port;
}

/**
 * Sees that every port is free, waiting for those that are not until `patienceMs` has passed (what an abandoned start left
 * behind takes a moment to close).
 * @throws PortTaken naming each port that is not, and the variable that sets it
 */
export async function needPorts(ports: readonly WantedPort[], patienceMs: number, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const taken = await takenOf(ports);
    if (taken.size === 0) return;
    if (performance.now() >= deadline) throw new PortTaken([...taken.values()].join('\n'));
    await pause(200, undefined, { signal });
  }
}

/** What is wrong, by variable. All are listened on at once, because two servers may have been given one port. */
async function takenOf(ports: readonly WantedPort[]): Promise<ReadonlyMap<string, string>> {
  const taken = new Map<string, string>();
  const held: (WantedPort & { readonly server: Server })[] = [];
  try {
    for (const wanted of ports) {
      const { key, port, host } = wanted;
      const server = await listenOn(port, host);
      const other = held.find((ours) => ours.port === port);
      if (server !== null) held.push({ ...wanted, server });
      else if (other === undefined)
        taken.set(key, `Port ${port} of ${host} is taken by another program. Set ${key} to a free one.`);
      else if (other.key !== key)
        taken.set(key, `${other.key} and ${key} are both ${port}. Each needs one of its own.`);
    }
  } finally {
    await Promise.all(held.map(({ server }) => closed(server)));
  }
  return taken;
}

/** Null where somebody listens there already. */
function listenOn(port: number, host: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(new Error(`Hearth cannot listen on ${host}:${port}: ${error.message}`, { cause: error }));
    });
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });
}

const closed = (server: Server | null): Promise<void> =>
  new Promise((resolve) => (server === null ? resolve() : server.close(() => resolve())));

/** Whether one can listen on it. Tried, because Node's list of interfaces leaves out a bridge that has no carrier. */
export function isOwnAddress(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port: 0, host }, () => server.close(() => resolve(true)));
  });
}

const CONNECT_MS = 5_000;

/** Null when something accepts connections at the URL (`redis://host:port`, `unix:///path`), else why not. */
export async function whyUnreachable(url: string, defaultPort: number): Promise<string | null> {
  const { hostname, port, pathname } = new URL(url);
  const socket =
    hostname === '' ? connect(pathname) : connect(Number(port || defaultPort), hostname.replace(/^\[|\]$/g, ''));
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_MS) });
    return null;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
  } finally {
    socket.destroy();
  }
}
