import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { inspect } from 'node:util';
import type { HostConnection } from '@hearth/store';
import Docker from 'dockerode';
import { SshTunnel, sshHostname } from './ssh-tunnel.ts';

/** Where a host stands on the network, as far as both sides have to know. */
export interface Whereabouts {
  /** Where its published ports are reached. */
  readonly address: string;
  /** The address of the host that ports are published on. */
  readonly bindAddress: string;
  /** Under which address of this machine its containers reach it; null: this machine's own containers ask the bridge. */
  readonly callbackHost: string | null;
}

/** The one connection to a Docker Engine. Every call over it ends at the latest when it is cut. */
export interface EngineLink {
  readonly docker: Docker;
  /** The engine's address, as people write it. */
  readonly at: string;
  /** Resolves when it answers. @throws what keeps it from it; waits until `signal` aborts */
  ping(signal: AbortSignal): Promise<void>;
  /** Why a call over it failed, where something else than the call's own error knows better. */
  explain(error: unknown): Promise<unknown>;
  /** @throws Error where a name does not resolve */
  whereabouts(): Promise<Whereabouts>;
  /** Breaks off every call in progress. The next call connects anew. */
  cut(): void;
  close(): void;
}

export const LOCAL_SOCKET = 'unix:///var/run/docker.sock';
const LOCAL: Whereabouts = { address: '127.0.0.1', bindAddress: '127.0.0.1', callbackHost: null };
const TCP_PORT = 2375;
const TLS_PORT = 2376;

/**
 * The engine that `DOCKER_HOST` names, taken for this machine's own.
 * @throws Error where the URL is none
 */
export function linkLocal(host: string): EngineLink {
  const url = new URL(host);
  const agent = new Agent({ keepAlive: true });
  const docker =
    url.protocol === 'unix:'
      ? dockerOver({ agent, socketPath: url.pathname })
      : dockerOver({ agent, protocol: 'http', host: bare(url.hostname), port: Number(url.port || TCP_PORT) });
  return linkOf(docker, host, agent, async () => LOCAL);
}

/**
 * Another machine's engine: over TCP, over TLS where there are certificates, or through the system's own `ssh`.
 * @throws Error where a certificate cannot be read
 */
export function linkRemote(connection: HostConnection): EngineLink {
  const url = new URL(connection.url);
  if (url.protocol === 'ssh:') return linkOverSsh(url, connection);
  const { tls } = connection;
  const host = bare(url.hostname);
  const whereabouts = onceOnly(() => whereaboutsOf(connection, host));
  if (tls === null) {
    const agent = new Agent({ keepAlive: true });
    const docker = dockerOver({ agent, protocol: 'http', host, port: Number(url.port || TCP_PORT) });
    return linkOf(docker, connection.url, agent, whereabouts);
  }
  const [ca, cert, key] = [tls.ca, tls.cert, tls.key].map((path) => readFileSync(path));
  const agent = new TlsAgent({ keepAlive: true, ca, cert, key });
  const docker = dockerOver({ agent, protocol: 'https', host, port: Number(url.port || TLS_PORT) });
  return linkOf(docker, connection.url, agent, whereabouts);
}

function linkOverSsh(url: URL, connection: HostConnection): EngineLink {
  const tunnel = new SshTunnel(url, connection.ssh);
  const agent = new Agent({ keepAlive: true });
  agent.createConnection = (_options, callback) => {
    tunnel.connect().then(
      (socket) => callback?.(null, socket),
      (error: Error) => callback?.(error, tunnel.nowhere()),
    );
    return undefined;
  };
  const whereabouts = onceOnly(async () => whereaboutsOf(connection, await sshHostname(url, connection.ssh)));
  // The agent knows the way; the name only fills the Host header.
  const docker = dockerOver({ agent, protocol: 'http', host: 'docker', port: TCP_PORT });
  const link = linkOf(docker, connection.url, agent, whereabouts);
  const explain = (error: unknown): Promise<unknown> => tunnel.explain(error);
  return {
    ...link,
    explain,
    ping: (signal) =>
      link.ping(signal).catch(async (error: unknown) => {
        throw await explain(error);
      }),
    cut() {
      link.cut();
      tunnel.cut();
    },
    close() {
      link.close();
      tunnel.cut();
    },
  };
}

/**
 * What is left out would be taken from DOCKER_HOST and DOCKER_CERT_PATH, so nothing is. `version` stays unset: dockerode
 * then speaks the engine's own.
 */
function dockerOver(options: Docker.DockerOptions & { agent: Agent }): Docker {
  // docker-modem writes out every request in full for a log that it keeps only when it is debugged, the agent with all its
  // sockets and buffers included: 7 ms of computing for each call, 14 ms with sixteen under way. So the agent tells nothing.
  Object.assign(options.agent, { [inspect.custom]: () => 'Agent' });
  const nothing = { host: undefined, port: undefined, socketPath: undefined };
  const all = { ...nothing, ca: undefined, cert: undefined, key: undefined, pathPrefix: '/', ...options };
  return new Docker(all);
}

/** dockerode's own `ping` cannot be typed with a signal. */
function pingOver(docker: Docker, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      { path: '/_ping', method: 'GET', abortSignal: signal, statusCodes: { 200: true, 500: 'server error' } },
      (error) => (error ? reject(error) : resolve()),
    );
  });
}

function linkOf(docker: Docker, at: string, agent: Agent, whereabouts: EngineLink['whereabouts']): EngineLink {
  return {
    docker,
    at,
    ping: (signal) => pingOver(docker, signal),
    explain: async (error) => error,
    whereabouts,
    cut: () => agent.destroy(),
    close: () => agent.destroy(),
  };
}

async function whereaboutsOf(connection: HostConnection, host: string): Promise<Whereabouts> {
  const address = connection.address ?? host;
  const { address: ip } = await lookup(address);
  const bindAddress = connection.bindAddress ?? ip;
  return { address, bindAddress, callbackHost: connection.callbackHost ?? (await ownAddressTowards(ip)) };
}

/** Which of this machine's addresses the way to another begins at. Asks the routing table; nothing is sent. */
async function ownAddressTowards(ip: string): Promise<string> {
  const socket = createSocket(ip.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.connect(9, ip);
    await once(socket, 'connect');
    return socket.address().address;
  } finally {
    socket.close();
  }
}

/** Keeps what was found, and asks again where it failed. */
function onceOnly<T>(find: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | null = null;
  return () => {
    found ??= find().catch((error: unknown) => {
      found = null;
      throw error;
    });
    return found;
  };
}

/** `[::1]` → `::1`. */
const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');
