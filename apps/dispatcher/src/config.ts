import { filesEnvironment, s3Settings } from '@hearth/files';
import {
  loadConfig,
  outboundEnvironment,
  outboundRules,
  runLimitsEnvironment,
  zDurationOrOff,
  zSecretKeys,
} from '@hearth/kit';
import { z } from 'zod';
import { limitsEnvironment, limitsOf } from './limits.ts';

const Environment = z
  .object({
    ...outboundEnvironment,
    HEARTH_CALLBACK_HOST: z
      .string()
      .prefault('127.0.0.1')
      .transform((list) => list.split(',').map((address) => address.trim()))
      .refine((addresses) => addresses.every((address) => address !== ''), {
        error: 'addresses separated by commas, such as 127.0.0.1,172.17.0.1',
      }),
    HEARTH_DATA_DIR: z.string().prefault('.hearth'),
    ...runLimitsEnvironment,
    ...filesEnvironment,
    HEARTH_SECRET_KEY: zSecretKeys().optional(),
    ...limitsEnvironment,
    HEARTH_RETENTION: zDurationOrOff().prefault('1h'),
    LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).prefault('info'),
  })
  .transform((env) => ({
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    publicUrl: env.HEARTH_PUBLIC_URL ?? `http://localhost:${env.HEARTH_PORT}`,
    callbackPort: env.HEARTH_CALLBACK_PORT,
    callbackHosts: env.HEARTH_CALLBACK_HOST,
    dataDir: env.HEARTH_DATA_DIR,
    predictionTimeoutMs: env.HEARTH_PREDICTION_TIMEOUT,
    trainingTimeoutMs: env.HEARTH_TRAINING_TIMEOUT,
    cancelGraceMs: env.HEARTH_CANCEL_GRACE,
    s3: s3Settings(env),
    retentionMs: env.HEARTH_RETENTION,
    secretKeys: env.HEARTH_SECRET_KEY,
    limits: limitsOf(env),
    outbound: { rules: outboundRules(env) },
    logLevel: env.LOG_LEVEL,
  }));

export type DispatcherConfig = z.output<typeof Environment>;

/** @throws ConfigError naming each bad key, its value and what is allowed */
export const readConfig = (env: Readonly<Record<string, string | undefined>>): DispatcherConfig =>
  loadConfig(Environment, env);
