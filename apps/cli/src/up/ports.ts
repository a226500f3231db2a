import { once } from 'node:events';
import { connect, createServer } from 'node:net';
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
  const { chosen } = await tryPort(0, host);
  return chosen;
}

/**
 * Sees that every port is free, waiting for one that is not until `patienceMs` has passed (what an abandoned start left
 * behind takes a moment to close).
 * @throws PortTaken naming the port and the variable that sets it
 */
export async function needPorts(ports: readonly WantedPort[], patienceMs: number, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (const { key, port, host } of ports) {
    while (!(await tryPort(port, host)).free) {
      if (performance.now() >= deadline) {
        throw new PortTaken(`Port ${port} of ${host} is taken by another program. Set ${key} to a free one.`);
      }
      await pause(200, undefined, { signal });
    }
  }
}

function tryPort(port: number, host: string): Promise<{ free: boolean; chosen: number }> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve({ free: false, chosen: port });
      else reject(new Error(`cannot listen on ${host}:${port}: ${error.message}`, { cause: error }));
    });
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      const chosen = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve({ free: true, chosen }));
    });
  });
}

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
