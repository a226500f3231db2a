import { delimiter, dirname, join } from 'node:path';
import { inheritedSocket } from '@hearth/kit';
import type { UpConfig } from './config.ts';
import type { Engine } from './docker-engine.ts';
import { type HeldSocket, holdSocket } from './held-socket.ts';
import { choosePort, type WantedPort } from './ports.ts';
import { type Room, type RunningRoom, startRoom } from './rooms.ts';
import type { Start } from './start.ts';

/** How long each server may take to end before it is killed. The scheduler stops instances, which takes longest. */
const BOUNDS_MS = { api: 5_000, dispatcher: 10_000, scheduler: 30_000 } as const;

const LOOPBACK = '127.0.0.1';

export interface Addresses {
  /** The api's, as people write it. */
  readonly url: string;
  /** The api's, as a number: a bare machine need not know the name `localhost`. */
  readonly ownUrl: string;
  readonly apiPort: number;
  /** Listened on already, by who started `up`. */
  readonly apiSocket: HeldSocket | null;
  readonly callbackPort: number;
  readonly schedulerPort: number;
  /** Where containers report to: the loopback, and the bridge of the Docker Engine. */
  readonly callbackHosts: readonly string[];
  readonly wanted: readonly WantedPort[];
}

/** Which ports and addresses the servers will listen on; port 0 is replaced by a free one here. */
export async function chooseAddresses(config: UpConfig, engine: Engine | null): Promise<Addresses> {
  const apiSocket = handedSocket();
  const apiPort = await choosePort(config.HEARTH_PORT, config.HEARTH_HOST);
  const callbackPort = await choosePort(config.HEARTH_CALLBACK_PORT, LOOPBACK);
  const schedulerPort = await choosePort(config.HEARTH_SCHEDULER_PORT, LOOPBACK);
  const callbackHosts = config.HEARTH_CALLBACK_HOST?.split(',').map((host) => host.trim()) ?? [
    LOOPBACK,
    ...(engine?.gateway ? [engine.gateway] : []),
  ];
  return {
    url: `http://${callable(config.HEARTH_HOST, 'localhost')}:${apiPort}`,
    ownUrl: `http://${callable(config.HEARTH_HOST, LOOPBACK)}:${apiPort}`,
    apiPort,
    apiSocket,
    callbackPort,
    schedulerPort,
    callbackHosts,
    wanted: [
      ...(apiSocket === null ? [{ key: 'HEARTH_PORT', port: apiPort, host: config.HEARTH_HOST }] : []),
      { key: 'HEARTH_SCHEDULER_PORT', port: schedulerPort, host: LOOPBACK },
      ...callbackHosts.map((host) => ({ key: 'HEARTH_CALLBACK_PORT', port: callbackPort, host })),
    ],
  };
}

/** An address to call what listens on `host`; `local` for the loopback and for all addresses. */
function callable(host: string, local: string): string {
  if (['127.0.0.1', '0.0.0.0', '::', 'localhost'].includes(host)) return local;
  return host.includes(':') ? `[${host}]` : host;
}

/** What the servers are started with: everything `up` was given, and what it decided. */
export function serverEnvironment(
  { config, env }: Pick<Start, 'config' | 'env'>,
  addresses: Addresses,
  stores: { databaseUrl: string; redisUrl: string | null },
): NodeJS.ProcessEnv {
  return {
    ...env,
    // The process runtime starts `node` by its name: it must be this one, which runs TypeScript.
    PATH: [dirname(process.execPath), env.PATH].join(delimiter),
    NODE_COMPILE_CACHE: env.NODE_COMPILE_CACHE ?? join(config.HEARTH_DATA_DIR, 'compile-cache'),
    DATABASE_URL: stores.databaseUrl,
    REDIS_URL: stores.redisUrl ?? undefined,
    HEARTH_HOST: config.HEARTH_HOST,
    HEARTH_PORT: String(addresses.apiPort),
    HEARTH_CALLBACK_PORT: String(addresses.callbackPort),
    HEARTH_SCHEDULER_PORT: String(addresses.schedulerPort),
    HEARTH_CALLBACK_HOST: addresses.callbackHosts.join(','),
    HEARTH_PUBLIC_URL: config.HEARTH_PUBLIC_URL ?? addresses.url,
    HEARTH_DATA_DIR: config.HEARTH_DATA_DIR,
    HEARTH_PARENT_PID: String(process.pid),
    HEARTH_STOP_INSTANCES_ON_EXIT: 'true',
  };
}

/** Starts the three servers at once and waits until each answers. They end in the order api, dispatcher, scheduler. */
export async function startServers(
  { config, house, progress, signal }: Start,
  addresses: Addresses,
  env: NodeJS.ProcessEnv,
): Promise<readonly RunningRoom[]> {
  const healthUrl = (port: number) => `http://${LOOPBACK}:${port}/health`;
  const rooms: Room[] = [
    {
      name: 'scheduler',
      healthUrl: healthUrl(addresses.schedulerPort),
      socket: await holdSocket(LOOPBACK, addresses.schedulerPort),
    },
    // Model servers repeat what they report, and where it is listened for changes with the hosts.
    { name: 'dispatcher', healthUrl: healthUrl(addresses.callbackPort), socket: null },
    {
      name: 'api',
      healthUrl: `${addresses.ownUrl}/health`,
      socket: addresses.apiSocket ?? (await holdSocket(config.HEARTH_HOST, addresses.apiPort)),
    },
  ];
  const options = { env, logsFolder: join(config.HEARTH_DATA_DIR, 'logs'), logLevel: config.LOG_LEVEL, progress };
  const running: RunningRoom[] = await Promise.all(
    rooms.map((room) => house.keep(room.name, BOUNDS_MS[room.name], async () => startRoom(room, options))),
  );
  await Promise.all(running.map((room) => room.healthy(signal)));
  return running;
}

export async function restartRoom(
  running: readonly RunningRoom[],
  name: Room['name'],
  signal: AbortSignal,
): Promise<void> {
  await running.find(({ room }) => room.name === name)?.restart(signal);
}

/** What systemd listens on for `up`, so that it may be restarted itself; null where it listens on nothing. */
function handedSocket(): HeldSocket | null {
  const fd = inheritedSocket();
  // It stays systemd's.
  return fd === null ? null : { fd, close() {} };
}
