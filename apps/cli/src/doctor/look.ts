import { execFile } from 'node:child_process';
import { constants, existsSync, statSync } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createClient } from '@hearth/contract';
import { systemNow } from '@hearth/kit';
import { inspectRedis } from '@hearth/queue';
import { inspectDatabase } from '@hearth/store';
import { z } from 'zod';
import { findTarget, type Target, UsageError } from '../connect.ts';
import { checkedHost } from '../host-check.ts';
import { repositoryRoot } from '../repository.ts';
import type { UpConfig } from '../up/config.ts';
import type { Stores } from '../up/control.ts';
import { findEngine } from '../up/docker-engine.ts';
import { needPorts, PortTaken } from '../up/ports.ts';
import {
  type EngineFacts,
  type Finding,
  type FolderFacts,
  failed,
  judgeDatabase,
  judgeEngine,
  judgeFolder,
  judgeHealth,
  judgeNode,
  judgeRedis,
  ok,
  unchecked,
  warning,
} from './judge.ts';

/** Everything that Hearth on this machine depends on, as far as it can be looked at while it runs, or while it does not. */
export async function lookAtEverything(
  config: UpConfig,
  env: NodeJS.ProcessEnv,
  running: Stores | null,
): Promise<Finding[]> {
  return [
    judgeNode(process.versions.node),
    ...judgeFolder(await folderFacts(config.HEARTH_DATA_DIR)),
    ...(await lookAtDatabase(config, running)),
    ...(await lookAtQueue(config, running)),
    ...judgeEngine(await engineFacts(config), config.HEARTH_RUNTIME),
    lookAtWeb(),
    ...(running === null ? await lookAtPorts(config) : []),
    ...(await lookAtRunning(env)),
  ];
}

const SECRETS = ['cli.json', 'secret.key', 'first-token', 'postgres/password'];

async function folderFacts(path: string): Promise<FolderFacts> {
  let there = path;
  while (!existsSync(there)) there = dirname(there);
  const { bavail, bsize } = await statfs(there);
  const isWritable = await access(there, constants.W_OK).then(
    () => true,
    () => false,
  );
  const exposed = SECRETS.filter((name) => {
    const mode = statSync(join(path, name), { throwIfNoEntry: false })?.mode ?? 0;
    return (mode & 0o077) !== 0;
  });
  return { path, exists: there === path, isWritable, freeBytes: bavail * bsize, exposed };
}

async function lookAtDatabase(config: UpConfig, running: Stores | null): Promise<Finding[]> {
  const url = config.DATABASE_URL ?? running?.databaseUrl;
  if (url === undefined) return [unchecked('database', 'DATABASE_URL is not set: `hearth up` starts one of its own.')];
  try {
    return judgeDatabase(await inspectDatabase(url, systemNow));
  } catch (error) {
    const remedy = config.DATABASE_URL
      ? 'See that it runs, and what DATABASE_URL says.'
      : 'See postgres/postgres.log in the data folder.';
    return [failed('database', `It does not answer: ${messageOf(error)}`, remedy)];
  }
}

async function lookAtQueue(config: UpConfig, running: Stores | null): Promise<Finding[]> {
  if (config.HEARTH_QUEUE === 'postgres' || (running !== null && running.redisUrl === null))
    return [ok('queue', 'The database carries the queues.')];
  const url = config.REDIS_URL ?? running?.redisUrl;
  if (!url) return [unchecked('queue', 'REDIS_URL is not set: `hearth up` starts a Redis, or uses the database.')];
  try {
    return judgeRedis(await inspectRedis(url));
  } catch (error) {
    return [
      failed('queue', `Redis does not answer: ${messageOf(error)}`, 'See that it runs, and what REDIS_URL says.'),
    ];
  }
}

async function engineFacts(config: UpConfig): Promise<EngineFacts | string> {
  const engine = await findEngine(config.DOCKER_HOST, config.DOCKER_CERT_PATH);
  if (typeof engine === 'string') return engine;
  await engine.close();
  const { version, at, cgroupDriver, hasNvidia } = engine;
  return { version, at, cgroupDriver, hasNvidia, gpus: await localGpus() };
}

async function localGpus(): Promise<EngineFacts['gpus']> {
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', [
      '--query-gpu=driver_version,name',
      '--format=csv,noheader',
    ]);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(', '));
    return { driver: rows[0]?.[0] ?? 'unknown', names: rows.map(([, name]) => name ?? 'unknown') };
  } catch {
    // Not there, or without a driver: nothing here can be used.
    return null;
  }
}

function lookAtWeb(): Finding {
  if (existsSync(join(repositoryRoot, 'apps/web/dist/index.html'))) return ok('web', 'The web UI is built.');
  return warning(
    'web',
    'The web UI is not built.',
    '`hearth up` builds it; servers that are run one by one need `pnpm build` first.',
  );
}

async function lookAtPorts(config: UpConfig): Promise<Finding[]> {
  const wanted = [
    { key: 'HEARTH_PORT', port: config.HEARTH_PORT, host: config.HEARTH_HOST },
    { key: 'HEARTH_CALLBACK_PORT', port: config.HEARTH_CALLBACK_PORT, host: '127.0.0.1' },
    { key: 'HEARTH_SCHEDULER_PORT', port: config.HEARTH_SCHEDULER_PORT, host: '127.0.0.1' },
  ];
  try {
    await needPorts(wanted, 0, AbortSignal.timeout(1_000));
    return [ok('ports', `${wanted.map(({ port }) => port).join(', ')} are free.`)];
  } catch (error) {
    if (!(error instanceof PortTaken)) throw error;
    return [failed('ports', error.message, 'Find out what listens there: `ss -ltnp`.')];
  }
}

const healthSchema = z.object({ store: z.string(), queue: z.string() });

/** What only a running Hearth can tell: its health, its hosts, and whether its public URL leads to it. */
async function lookAtRunning(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const target = targetOf(env);
  if (typeof target === 'string') return [unchecked('running', target)];
  const health = await healthAt(target.url);
  const found = [judgeHealth(health, target.url)];
  if (health === null) return found;
  if (env.HEARTH_PUBLIC_URL) {
    const answers = (await healthAt(env.HEARTH_PUBLIC_URL)) !== null;
    found.push(
      answers
        ? ok('url', `${env.HEARTH_PUBLIC_URL} leads here.`)
        : failed(
            'url',
            `${env.HEARTH_PUBLIC_URL} does not lead here.`,
            'See HEARTH_PUBLIC_URL, DNS and the proxy in front.',
          ),
    );
  }
  const client = createClient({ baseUrl: target.url, token: target.token });
  try {
    for (const { id } of await client.hosts.list()) {
      const host = await checkedHost(client, await client.hosts.check(id));
      found.push(...host.checks.map((check) => ({ ...check, name: `${id}: ${check.name}` })));
    }
  } catch (error) {
    found.push(
      failed(
        'hosts',
        `They could not be checked: ${messageOf(error)}`,
        'See that a scheduler runs and the token is good.',
      ),
    );
  }
  return found;
}

function targetOf(env: NodeJS.ProcessEnv): Target | string {
  try {
    return findTarget(env);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

async function healthAt(url: string): Promise<z.infer<typeof healthSchema> | null> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5_000) });
    return healthSchema.parse(await response.json());
  } catch {
    // Nobody there, or somebody else.
    return null;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
