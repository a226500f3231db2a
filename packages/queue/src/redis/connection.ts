import type { Logger } from '@hearth/kit';
import { Redis, type RedisOptions } from 'ioredis';
import { answered, TransportDown } from '../errors.ts';

const CONNECT_WITHIN_MS = 5_000;

const OPTIONS = {
  // BullMQ's workers need commands that wait for the connection; callers are bounded by `answered`.
  maxRetriesPerRequest: null,
  retryStrategy: (times: number) => Math.min(20 * times, 500),
  connectTimeout: 5_000,
  // One round trip less at each connect.
  disableClientInfo: true,
} satisfies RedisOptions;

type Endable = Pick<Redis, 'status' | 'disconnect' | 'on'>;

/**
 * ioredis 6 forgets to end a client that waits between two attempts: no `end`, and its commands hang for ever.
 * In state `wait` it runs its close handler, which is what is needed.
 */
function endable<Client extends Endable>(client: Client): Client {
  const disconnect = client.disconnect.bind(client);
  client.disconnect = (reconnect = false) => {
    if (client.status === 'reconnecting' && !reconnect) client.status = 'wait';
    disconnect(reconnect);
  };
  // An unheard `error` event would end the process. Outages are reported once, by `reportOutages`.
  client.on('error', () => {});
  return client;
}

/** An ioredis client that can be given up while Redis is away, as can the copies that BullMQ makes of it. */
export class RedisConnection extends Redis {
  /** `redis://…`, `rediss://…`, or a socket: its path, or `unix://` and its path. */
  constructor(url: string) {
    super(url.startsWith('unix:') ? decodeURIComponent(new URL(url).pathname) : url, OPTIONS);
    endable(this);
  }

  override duplicate<Override extends Partial<RedisOptions> | undefined = undefined>(override?: Override) {
    return endable(super.duplicate<Override>(override));
  }
}

/**
 * Connects within 5 s or gives up. Afterwards it reconnects for ever, and says so once per outage.
 * @throws TransportDown with the address (without credentials) and the last error
 */
export async function connect(url: string, log: Logger): Promise<RedisConnection> {
  const connection = new RedisConnection(url);
  const lastError = { message: 'no answer' };
  connection.on('error', (error: Error) => {
    lastError.message = error.message;
  });
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(lastError.message)), CONNECT_WITHIN_MS);
      connection.once('ready', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  } catch (error) {
    connection.disconnect();
    throw new TransportDown(`connecting to Redis at ${addressOf(url)}`, error);
  }
  reportOutages(connection, addressOf(url), log);
  return connection;
}

/** The other connections of a process: they share the fate of the first, which reports for all. */
export async function connectMore(first: RedisConnection): Promise<Redis> {
  const connection = first.duplicate();
  await answered(
    'connecting to Redis',
    () => new Promise<void>((resolve) => connection.once('ready', () => resolve())),
    CONNECT_WITHIN_MS,
  );
  return connection;
}

function reportOutages(connection: RedisConnection, address: string, log: Logger): void {
  let away = false;
  connection.on('close', () => {
    if (away || connection.status === 'end') return;
    away = true;
    log.warn(`connection to Redis at ${address} lost, trying again`);
  });
  connection.on('ready', () => {
    if (away) log.info(`Redis at ${address} is back`);
    away = false;
  });
}

function addressOf(url: string): string {
  if (!URL.canParse(url)) return url;
  const { hostname, port, pathname } = new URL(url);
  return hostname === '' ? pathname : `${hostname}:${port || '6379'}`;
}
