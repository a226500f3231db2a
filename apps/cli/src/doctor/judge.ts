import type { RedisFacts } from '@hearth/queue';
import type { DatabaseFacts } from '@hearth/store';
import { sizeWords } from '../commands/files.ts';

/** What was found of one thing, and what to do about it. */
export interface Finding {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'failed' | 'unchecked';
  /** A sentence. */
  readonly detail: string;
  /** Null where there is nothing to do. */
  readonly remedy: string | null;
}

export const ok = (name: string, detail: string): Finding => ({ name, status: 'ok', detail, remedy: null });
export const unchecked = (name: string, detail: string): Finding => ({
  name,
  status: 'unchecked',
  detail,
  remedy: null,
});
export const warning = (name: string, detail: string, remedy: string): Finding => ({
  name,
  status: 'warning',
  detail,
  remedy,
});
export const failed = (name: string, detail: string, remedy: string): Finding => ({
  name,
  status: 'failed',
  detail,
  remedy,
});

const OLDEST_NODE = 24;
const OLDEST_POSTGRES = 13;
const OLDEST_REDIS = [6, 2] as const;
const GIB = 2 ** 30;
/** A Postgres that cannot write its log ends; one needs room for what is under way besides. */
const LEAST_FREE_BYTES = GIB;
const LITTLE_FREE_BYTES = 5 * GIB;
/** Each prediction makes three round trips. */
const SLOW_STORE_MS = 10;
/** Signed URLs, keep-alives and what people read are by this machine's clock; what is fenced is by the database's. */
const MOST_SKEW_MS = 2_000;
/** Of the three servers, each with a standby. */
const LEAST_CONNECTIONS = 60;

export function judgeNode(version: string): Finding {
  const major = Number(/^v?(\d+)/.exec(version)?.[1]);
  if (major >= OLDEST_NODE) return ok('node', `Node ${version} runs this.`);
  return failed(
    'node',
    `Node ${version} runs this.`,
    `Run \`npm start\`, which brings Node ${OLDEST_NODE}, or install it.`,
  );
}

export interface FolderFacts {
  readonly path: string;
  readonly exists: boolean;
  readonly isWritable: boolean;
  readonly freeBytes: number;
  /** Files with keys in them that others on this machine may read. */
  readonly exposed: readonly string[];
}

export function judgeFolder({ path, exists, isWritable, freeBytes, exposed }: FolderFacts): Finding[] {
  if (!isWritable) {
    const detail = `${path} cannot be written by this user.`;
    return [failed('folder', detail, `Run Hearth as its owner, or \`chown -R $(id -un) ${path}\`.`)];
  }
  const free = `${sizeWords(freeBytes)} are free where ${path} is.`;
  const more = 'Free some, or move the data folder (HEARTH_DATA_DIR) to a larger disk.';
  return [
    exposed.length === 0
      ? ok('folder', exists ? `${path} can be written.` : `${path} will be made.`)
      : warning('folder', `Others may read ${exposed.join(', ')} in ${path}.`, `chmod 600 ${exposed.join(' ')}`),
    freeBytes < LEAST_FREE_BYTES
      ? failed('disk', free, `${more} The database ends where it cannot write.`)
      : freeBytes < LITTLE_FREE_BYTES
        ? warning('disk', free, more)
        : ok('disk', free),
  ];
}

export function judgeDatabase(facts: DatabaseFacts): Finding[] {
  const { version, major, latencyMs, isDurable, maxConnections, schema, newestSchema } = facts;
  const detail = `Postgres ${version} answers in ${latencyMs.toFixed(1)} ms.`;
  const found: Finding[] = [];
  if (major < OLDEST_POSTGRES) found.push(failed('database', detail, `Use Postgres ${OLDEST_POSTGRES} or newer.`));
  if (!isDurable)
    found.push(
      failed('database', 'It may lose what it acknowledged: fsync or full_page_writes is off.', 'Set both to on.'),
    );
  if (latencyMs > SLOW_STORE_MS)
    found.push(warning('database', detail, 'Move it nearer: each prediction waits for three round trips.'));
  if (maxConnections < LEAST_CONNECTIONS)
    found.push(
      warning(
        'database',
        `It takes ${maxConnections} connections.`,
        `Set max_connections to ${LEAST_CONNECTIONS} or more.`,
      ),
    );
  if (found.length === 0) found.push(ok('database', detail));
  return [...found, judgeSchema(schema, newestSchema), judgeClock(facts)];
}

function judgeSchema(schema: string | null, newest: string): Finding {
  if (schema === null) return ok('schema', 'The database is empty; the first start makes the schema.');
  if (schema === newest) return ok('schema', `The database has the schema of this version (${schema}).`);
  const detail = `The database has the schema ${schema}, this version has ${newest}.`;
  return schema < newest
    ? warning('schema', detail, 'The next start brings it up to date. Make a backup first.')
    : failed('schema', detail, 'A newer Hearth has used this database. Update this one.');
}

function judgeClock({ clockAheadMs, latencyMs }: DatabaseFacts): Finding {
  const ms = Math.round(Math.abs(clockAheadMs));
  const way = clockAheadMs < 0 ? 'behind' : 'ahead of';
  if (ms - latencyMs / 2 <= MOST_SKEW_MS) return ok('clock', `The database's clock is ${ms} ms ${way} this machine's.`);
  return warning(
    'clock',
    `The database's clock is ${ms} ms ${way} this machine's.`,
    'Let NTP set both (timedatectl set-ntp true). Times that people read are wrong until then.',
  );
}

export function judgeRedis(facts: RedisFacts): Finding[] {
  const { version, latencyMs, appendOnly, writesWell, evictionPolicy, maxMemoryBytes, usedMemoryBytes } = facts;
  const detail = `Redis ${version} answers in ${latencyMs.toFixed(1)} ms.`;
  const found: Finding[] = [];
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < OLDEST_REDIS[0] || (major === OLDEST_REDIS[0] && minor < OLDEST_REDIS[1]))
    found.push(failed('queue', detail, `Use Redis ${OLDEST_REDIS.join('.')} or newer.`));
  if (evictionPolicy !== 'noeviction')
    found.push(
      failed(
        'queue',
        `Redis throws keys away when it is full (maxmemory-policy ${evictionPolicy}).`,
        'CONFIG SET maxmemory-policy noeviction, and in redis.conf.',
      ),
    );
  if (!writesWell)
    found.push(
      failed('queue', 'Redis could not write to its disk the last time.', 'See its log, and how full its disk is.'),
    );
  if (!appendOnly)
    found.push(
      warning(
        'queue',
        'Redis keeps no append-only file: a restart of it forgets the queues.',
        'CONFIG SET appendonly yes. Nothing is lost without, but waiting predictions are queued anew a moment later.',
      ),
    );
  if (maxMemoryBytes > 0 && usedMemoryBytes > 0.8 * maxMemoryBytes)
    found.push(
      warning(
        'queue',
        `Redis has used ${sizeWords(usedMemoryBytes)} of ${sizeWords(maxMemoryBytes)}.`,
        'Raise maxmemory: a full one takes no further predictions.',
      ),
    );
  return found.length === 0 ? [ok('queue', detail)] : found;
}

export interface EngineFacts {
  readonly version: string;
  readonly at: string;
  readonly cgroupDriver: string;
  readonly hasNvidia: boolean;
  /** What nvidia-smi says: the driver and a name for each GPU; null where there is none. */
  readonly gpus: { readonly driver: string; readonly names: readonly string[] } | null;
}

/** A string is why no engine answers. */
export function judgeEngine(engine: EngineFacts | string, runtime: string): Finding[] {
  if (typeof engine === 'string') {
    const remedy = 'Start Docker, set DOCKER_HOST, or add another machine with `hearth hosts add`.';
    return [
      runtime === 'docker'
        ? failed('engine', `${engine}, and HEARTH_RUNTIME is docker.`, remedy)
        : warning('engine', `${engine}: models run as processes of this machine.`, remedy),
    ];
  }
  const { version, at, gpus, hasNvidia, cgroupDriver } = engine;
  const found = [ok('engine', `Docker Engine ${version} answers at ${at}.`)];
  if (gpus === null) return [...found, ok('gpus', 'nvidia-smi is not there: this machine has no NVIDIA GPU.')];
  const seen = `${gpus.names.join(', ')} with driver ${gpus.driver}`;
  if (!hasNvidia) {
    const remedy =
      'Install nvidia-container-toolkit, run `nvidia-ctk runtime configure --runtime=docker`, restart Docker.';
    return [...found, failed('gpus', `${seen}, which containers cannot use.`, remedy)];
  }
  found.push(ok('gpus', seen));
  if (cgroupDriver === 'systemd') {
    // nvidia-container-toolkit issues 48, 1227 and 1397.
    found.push(
      warning(
        'gpus',
        'Docker limits containers through systemd: a `systemctl daemon-reload` takes their GPUs away while they run.',
        'Put "exec-opts": ["native.cgroupdriver=cgroupfs"] into /etc/docker/daemon.json, or give GPUs by CDI.',
      ),
    );
  }
  return found;
}

export function judgeHealth(health: { store: string; queue: string } | null, url: string): Finding {
  if (health === null)
    return unchecked(
      'running',
      `Hearth does not run at ${url}: hosts, callbacks and the public URL were not looked at.`,
    );
  if (health.store === 'ok' && health.queue === 'ok')
    return ok('running', `The api answers at ${url}, with its stores.`);
  return failed(
    'running',
    `The api answers at ${url}; its database: ${health.store}, its queue: ${health.queue}.`,
    'See the findings on the database and the queue, and the logs in the data folder.',
  );
}
