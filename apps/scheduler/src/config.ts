import { loadConfig, zBoolean, zDuration, zPort, zSize, zUrl, zWholeNumber } from '@hearth/kit';
import { z } from 'zod';

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
    stopInstancesOnExit: env.HEARTH_STOP_INSTANCES_ON_EXIT,
    logLevel: env.LOG_LEVEL,
  }));

export type SchedulerConfig = z.output<typeof Environment>;

/** @throws ConfigError naming each bad key, its value and what is allowed */
export const readConfig = (env: Readonly<Record<string, string | undefined>>): SchedulerConfig =>
  loadConfig(Environment, env);
