import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { isOwnAddress } from './ports.ts';

const ANSWER_MS = 2_000;
const DEFAULT_SOCKET = '/var/run/docker.sock';

/** Where a Docker Engine listens. */
export type EngineAddress =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly origin: string }
  | { readonly kind: 'unsupported'; readonly why: string };

/** Reads `DOCKER_HOST` as the Docker command line does. TLS is used when there is a folder of certificates. */
export function engineAddress(dockerHost: string | undefined, hasCertificates = false): EngineAddress {
  if (!dockerHost) return { kind: 'socket', path: DEFAULT_SOCKET };
  if (dockerHost.startsWith('unix://')) return { kind: 'socket', path: dockerHost.slice('unix://'.length) };
  const [, scheme, rest] = /^(tcp|http|https):\/\/([^/]+)/.exec(dockerHost) ?? [];
  if (!rest)
    return { kind: 'unsupported', why: `DOCKER_HOST is ${dockerHost}; allowed: unix://PATH or tcp://HOST:PORT` };
  return { kind: 'tcp', origin: `${scheme === 'https' || hasCertificates ? 'https' : 'http'}://${rest}` };
}

export interface Engine {
  readonly version: string;
  /** How it limits containers: `systemd` or `cgroupfs`. */
  readonly cgroupDriver: string;
  /** Whether containers can be given this machine's NVIDIA GPUs. */
  readonly hasNvidia: boolean;
  /** In words, for people: a socket's path or a URL. */
  readonly at: string;
  /** The address of this machine that containers reach it at; null when the engine runs elsewhere. */
  readonly gateway: string | null;
  /** True when the image is there, pulled now if need be; else the reason. */
  haveImage(reference: string, signal: AbortSignal): Promise<true | string>;
  close(): Promise<void>;
}

const versionSchema = z.object({ Version: z.string() });
const infoSchema = z.object({
  CgroupDriver: z.string().default(''),
  Runtimes: z.record(z.string(), z.unknown()).nullish(),
});
const networkSchema = z.object({
  IPAM: z.object({
    Config: z.array(z.object({ Gateway: z.string().optional(), Subnet: z.string().optional() })).nullable(),
  }),
});

/** The engine that answers within two seconds, or a sentence that says why none does. */
export async function findEngine(
  dockerHost: string | undefined,
  certPath: string | undefined,
): Promise<Engine | string> {
  const address = engineAddress(dockerHost, certPath !== undefined);
  if (address.kind === 'unsupported') return address.why;
  const at = address.kind === 'socket' ? address.path : address.origin;
  const agent = new Agent({
    connect: address.kind === 'socket' ? { socketPath: address.path } : tlsOptions(certPath),
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const origin = address.kind === 'socket' ? 'http://docker' : address.origin;
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const ask = async (path: string) => {
      const { statusCode, body } = await request(`${origin}${path}`, { dispatcher: agent, signal });
      if (statusCode !== 200) throw new Error(`${path} answered ${statusCode}: ${(await body.text()).slice(0, 200)}`);
      return body;
    };
    await (await ask('/_ping')).dump();
    const { Version } = versionSchema.parse(await (await ask('/version')).json());
    const { CgroupDriver, Runtimes } = infoSchema.parse(await (await ask('/info')).json());
    const gateway = await localGateway(networkSchema.parse(await (await ask('/networks/bridge')).json()));
    return {
      version: Version,
      cgroupDriver: CgroupDriver,
      hasNvidia: Object.keys(Runtimes ?? {}).includes('nvidia'),
      at,
      gateway,
      haveImage: imageGetter(origin, agent),
      close: () => agent.close(),
    };
  } catch (error) {
    await agent.destroy();
    return `no Docker Engine answers at ${at} (${reasonOf(error)})`;
  }
}

function tlsOptions(certPath: string | undefined) {
  if (certPath === undefined) return {};
  const read = (name: string) => readFileSync(join(certPath, name));
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
}

/**
 * The bridge's address, as the engine tells it. Docker 20.10 may leave it out; it is the first address of the subnet then.
 * Null where this machine does not have that address: Docker Desktop and remote engines keep their bridge to themselves.
 */
async function localGateway({ IPAM }: z.infer<typeof networkSchema>): Promise<string | null> {
  const configs = IPAM.Config ?? [];
  const subnet = configs.find(({ Subnet }) => Subnet?.includes('.'))?.Subnet;
  const gateway = configs.find(({ Gateway }) => Gateway)?.Gateway ?? subnet?.replace(/\.\d+\/\d+$/, '.1');
  return gateway !== undefined && (await isOwnAddress(gateway)) ? gateway : null;
}

const pullLineSchema = z.object({ error: z.string().optional() });

function imageGetter(origin: string, agent: Agent) {
  return async (reference: string, signal: AbortSignal): Promise<true | string> => {
    try {
      const name = encodeURIComponent(reference);
      const found = await request(`${origin}/images/${name}/json`, { dispatcher: agent, signal });
      await found.body.dump();
      if (found.statusCode === 200) return true;
      const [image, tag = 'latest'] = reference.split(':');
      const pull = await request(`${origin}/images/create`, {
        method: 'POST',
        query: { fromImage: image, tag },
        dispatcher: agent,
        signal,
      });
      const text = await pull.body.text();
      // A pull that fails half-way still answers 200: its last line says so.
      const lines = text.split('\n').filter((line) => line.startsWith('{'));
      const failed = lines.map((line) => pullLineSchema.parse(JSON.parse(line)).error).find(Boolean);
      return pull.statusCode === 200 && !failed ? true : (failed ?? text.slice(0, 200));
    } catch (error) {
      return reasonOf(error);
    }
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  return error.message || ('code' in error ? String(error.code) : error.name);
}
