import { resolve } from 'node:path';
import { loadConfig, zBoolean, zPort, zUrl } from '@hearth/kit';
import { z } from 'zod';
import { repositoryRoot } from '../repository.ts';

/** What `hearth up` itself reads; the three servers get the whole environment and read the rest. */
const upConfigSchema = z.object({
  DATABASE_URL: zUrl().optional(),
  REDIS_URL: zUrl().optional(),
  HEARTH_HOST: z.string().prefault('127.0.0.1'),
  HEARTH_PORT: zPort().prefault('7600'),
  HEARTH_CALLBACK_PORT: zPort().prefault('7601'),
  HEARTH_SCHEDULER_PORT: zPort().prefault('7602'),
  HEARTH_CALLBACK_HOST: z.string().optional(),
  HEARTH_DATA_DIR: z.string().prefault('.hearth'),
  HEARTH_PUBLIC_URL: zUrl().optional(),
  HEARTH_USERNAME: z.string().prefault('hearth'),
  /** `postgres` leaves Redis aside, configured or found. */
  HEARTH_QUEUE: z.enum(['auto', 'postgres']).prefault('auto'),
  HEARTH_RUNTIME: z.enum(['auto', 'docker', 'process']).prefault('auto'),
  DOCKER_HOST: z.string().optional(),
  DOCKER_CERT_PATH: z.string().optional(),
  /** Deploy the models of `docker/models/`. */
  HEARTH_EXAMPLES: zBoolean().prefault('true'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).prefault('info'),
});
export type UpConfig = Readonly<z.output<typeof upConfigSchema>>;

/** @throws ConfigError naming each bad key */
export function upConfig(env: NodeJS.ProcessEnv): UpConfig {
  const config = loadConfig(upConfigSchema, env);
  return { ...config, HEARTH_DATA_DIR: resolve(repositoryRoot, config.HEARTH_DATA_DIR) };
}
