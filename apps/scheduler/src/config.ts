import { isIPv4 } from 'node:net';
import { loadConfig, zBoolean, zDuration, zPort, zSize, zUrl, zWholeNumber } from '@hearth/kit';
import { z } from 'zod';

const RANGE_FORMS = 'IPv4 addresses and ranges separated by commas, such as 10.0.0.5,192.168.7.0/24';

/** Containers have no IPv6. */
const zRanges = () =>
  z
    .string()
    .transform((list) => list.split(',').map((range) => range.trim()))
    .refine((ranges) => ranges.every(isRange), { error: RANGE_FORMS });

function isRange(text: string): boolean {
  const [address = '', bits = '32', ...more] = text.split('/');
  return isIPv4(address) && /^\d{1,2}$/.test(bits) && Number(bits) <= 32 && more.length === 0;
}

const SIZE_OR_OFF = 'off, or a size such as 512KiB, 100MiB or 2GB';

/** A size in bytes, or null for `off`. */
const zSizeOrOff = () =>
  z.string({ error: SIZE_OR_OFF }).transform((text, context) => {
    if (text === 'off') return null;
    const size = zSize().safeParse(text);
    if (size.success) return size.data;
    context.addIssue({ code: 'custom', message: SIZE_OR_OFF });
    return z.NEVER;
  });

const Environment = z
  .object({
    DATABASE_URL: zUrl(),
    REDIS_URL: zUrl().optional(),
    HEARTH_DATA_DIR: z.string().prefault('.hearth'),
    HEARTH_RUNTIME: z.enum(['auto', 'docker', 'process']).prefault('auto'),
    DOCKER_HOST: zUrl()
      .refine((host) => /^(unix|tcp|http):/.test(host), { error: 'unix:///path/to/docker.sock or tcp://host:port' })
      .optional(),
    HEARTH_CALLBACK_PORT: zPort().prefault('7601'),
    HEARTH_SCHEDULER_PORT: zPort().prefault('7602'),
    HEARTH_SETUP_TIMEOUT: zDuration().prefault('10m'),
    HEARTH_IMAGE_COPIES: zWholeNumber(1000).prefault('2'),
    HEARTH_IMAGE_DISK_FLOOR: zSize().prefault('10GB'),
    HEARTH_NETWORK_POOL: zWholeNumber(64).prefault('2'),
    HEARTH_CALLBACK_HOST: z
      .string()
      .prefault('127.0.0.1')
      .transform((list) => list.split(',').map((address) => address.trim())),
    HEARTH_ISOLATION: z.enum(['prefer', 'require', 'off']).prefault('prefer'),
    HEARTH_EGRESS: z.enum(['internet', 'none']).prefault('internet'),
    HEARTH_ALLOW_EGRESS: zRanges().optional(),
    HEARTH_INSTANCE_DISK: zSizeOrOff().prefault('100GB'),
    HEARTH_STOP_INSTANCES_ON_EXIT: zBoolean().prefault('false'),
    LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).prefault('info'),
  })
  .transform((env) => ({
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    dataDir: env.HEARTH_DATA_DIR,
    runtime: env.HEARTH_RUNTIME,
    dockerHost: env.DOCKER_HOST ?? null,
    callbackPort: env.HEARTH_CALLBACK_PORT,
    port: env.HEARTH_SCHEDULER_PORT,
    setupTimeoutMs: env.HEARTH_SETUP_TIMEOUT,
    images: { imageCopies: env.HEARTH_IMAGE_COPIES, diskFloorBytes: env.HEARTH_IMAGE_DISK_FLOOR },
    spareNetworks: env.HEARTH_NETWORK_POOL,
    callbackHosts: env.HEARTH_CALLBACK_HOST,
    fencePolicy: {
      isolation: env.HEARTH_ISOLATION,
      egress: env.HEARTH_EGRESS,
      allow: env.HEARTH_ALLOW_EGRESS ?? [],
    },
    instanceDiskBytes: env.HEARTH_INSTANCE_DISK,
    stopInstancesOnExit: env.HEARTH_STOP_INSTANCES_ON_EXIT,
    logLevel: env.LOG_LEVEL,
  }));

export type SchedulerConfig = z.output<typeof Environment>;

/** @throws ConfigError naming each bad key, its value and what is allowed */
export const readConfig = (env: Readonly<Record<string, string | undefined>>): SchedulerConfig =>
  loadConfig(Environment, env);
