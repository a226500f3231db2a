import { networkInterfaces } from 'node:os';
import { z } from 'zod';
import { zPort, zUrl } from '../config.ts';
import { zAllowList } from './allow-list.ts';
import type { OutboundRules } from './verdict.ts';

/** The variables that say which addresses may be opened for users, as part of a server's own schema. */
export const outboundEnvironment = {
  DATABASE_URL: zUrl(),
  REDIS_URL: zUrl().optional(),
  HEARTH_HOST: z.string().prefault('127.0.0.1'),
  HEARTH_PORT: zPort().prefault('7600'),
  HEARTH_CALLBACK_PORT: zPort().prefault('7601'),
  HEARTH_SCHEDULER_PORT: zPort().prefault('7602'),
  HEARTH_PUBLIC_URL: zUrl().optional(),
  DOCKER_HOST: z.string().optional(),
  HEARTH_ALLOW_OUTBOUND: zAllowList().optional(),
};

type OutboundEnvironment = z.output<z.ZodObject<typeof outboundEnvironment>>;

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'postgres:': 5432, 'postgresql:': 5432, 'redis:': 6379 };

/**
 * What may be opened, by how this Hearth is set up. Where nothing of it can be reached from another machine, whoever gives
 * it a URL is on this one already, so the loopback may be opened: people try webhooks against a server on their laptop.
 */
export function outboundRules(env: OutboundEnvironment, interfaces = networkInterfaces): OutboundRules {
  const stores = [env.DATABASE_URL, env.REDIS_URL, env.DOCKER_HOST].flatMap(endpointOf);
  const ports = [env.HEARTH_PORT, env.HEARTH_CALLBACK_PORT, env.HEARTH_SCHEDULER_PORT];
  return {
    allow: env.HEARTH_ALLOW_OUTBOUND ?? [],
    loopback: isLoopbackHost(env.HEARTH_HOST) && isLoopbackUrl(env.HEARTH_PUBLIC_URL),
    own: [...ports.map((port) => ({ host: 'localhost', port })), ...stores],
    // Asked at every use: bridges and addresses come while a server runs, and what listens on all of them is there too.
    get machine() {
      return Object.values(interfaces()).flatMap((each) => (each ?? []).map(({ address }) => address));
    },
  };
}

const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);

/** A proxy in front of us listens elsewhere, and its address is what callers are told. */
const isLoopbackUrl = (url: string | undefined): boolean => url === undefined || isLoopbackHost(new URL(url).hostname);

function endpointOf(url: string | undefined): { host: string; port: number }[] {
  if (url === undefined || !URL.canParse(url)) return [];
  const { protocol, hostname, port } = new URL(url);
  const number = Number(port || (DEFAULT_PORTS[protocol] ?? 0));
  // A socket's path has neither.
  return hostname === '' || number === 0 ? [] : [{ host: hostname.replace(/^\[|\]$/g, ''), port: number }];
}
