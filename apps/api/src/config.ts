import { filesEnvironment, s3Settings } from '@hearth/files';
import {
  outboundEnvironment,
  outboundRules,
  runLimitsEnvironment,
  zAddressesOrOff,
  zDuration,
  zSecretKeys,
  zSize,
  zWholeNumber,
} from '@hearth/kit';
import { z } from 'zod';
import { KEEP_ALIVE_FORMS, keepAliveOf } from './keep-alive.ts';

const MAX_INSTANCES = 'a whole number from 1 to 20';

/** Requests a minute; null: any number. */
const zPerMinute = () =>
  z
    .string()
    .regex(/^(?:[1-9]\d{0,8}|off)$/, 'a whole number from 1 to 999999999, or off')
    .transform((text) => (text === 'off' ? null : Number(text)));

const zKeepAlive = () =>
  z.string().transform((text, context) => {
    try {
      return keepAliveOf(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      context.addIssue({ code: 'custom', message: KEEP_ALIVE_FORMS });
      return z.NEVER;
    }
  });

/** What the API reads from its environment. */
export const apiConfigSchema = z
  .object({
    /** Without REDIS_URL, BullMQ and the bus run on DATABASE_URL. */
    ...outboundEnvironment,
    HEARTH_DATA_DIR: z.string().default('.hearth'),
    /** The operator's account and first token. */
    HEARTH_USERNAME: z.string().default('hearth'),
    HEARTH_API_TOKEN: z.string().min(16, 'at least 16 characters').optional(),
    HEARTH_KEEP_ALIVE: zKeepAlive().prefault('5m'),
    HEARTH_MAX_INSTANCES: z
      .string()
      .regex(/^(?:[1-9]|1\d|20)$/, MAX_INSTANCES)
      .transform(Number)
      .prefault('3'),
    ...filesEnvironment,
    HEARTH_MAX_UPLOAD: zSize().prefault('100MiB'),
    HEARTH_UPLOAD_RETENTION: zDuration().prefault('24h'),
    /** Signs download URLs; absent: one that is made once and kept in the database. */
    HEARTH_FILES_SIGNING_SECRET: z.string().min(16, 'at least 16 characters').optional(),
    /** Absent: one in the data folder. */
    HEARTH_SECRET_KEY: zSecretKeys().optional(),
    ...runLimitsEnvironment,
    HEARTH_EXPECTED_RUN: zDuration().prefault('60s'),
    HEARTH_MAX_CONNECTIONS: zWholeNumber(1_000_000).prefault('10000'),
    HEARTH_HEADERS_TIMEOUT: zDuration().prefault('20s'),
    HEARTH_TRUST_PROXY: zAddressesOrOff().prefault('off'),
    HEARTH_RATE_LIMIT_PREDICTIONS: zPerMinute().prefault('60000'),
    HEARTH_RATE_LIMIT_REQUESTS: zPerMinute().prefault('600000'),
    LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  })
  .transform((env) => ({
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    host: env.HEARTH_HOST,
    port: env.HEARTH_PORT,
    schedulerUrl: `http://127.0.0.1:${env.HEARTH_SCHEDULER_PORT}`,
    dataDir: env.HEARTH_DATA_DIR,
    publicUrl: env.HEARTH_PUBLIC_URL ?? `http://localhost:${env.HEARTH_PORT}`,
    firstAdmin: { username: env.HEARTH_USERNAME, token: env.HEARTH_API_TOKEN },
    keepAlive: env.HEARTH_KEEP_ALIVE,
    maxInstances: env.HEARTH_MAX_INSTANCES,
    s3: s3Settings(env),
    maxUploadBytes: env.HEARTH_MAX_UPLOAD,
    uploadRetentionMs: env.HEARTH_UPLOAD_RETENTION,
    filesSigningSecret: env.HEARTH_FILES_SIGNING_SECRET,
    secretKeys: env.HEARTH_SECRET_KEY,
    trustProxy: env.HEARTH_TRUST_PROXY,
    maxConnections: env.HEARTH_MAX_CONNECTIONS,
    headersTimeoutMs: env.HEARTH_HEADERS_TIMEOUT,
    runs: {
      expectedMs: env.HEARTH_EXPECTED_RUN,
      predictionTimeoutMs: env.HEARTH_PREDICTION_TIMEOUT,
      trainingTimeoutMs: env.HEARTH_TRAINING_TIMEOUT,
      cancelGraceMs: env.HEARTH_CANCEL_GRACE,
    },
    rateLimits: {
      predictionsPerMinute: env.HEARTH_RATE_LIMIT_PREDICTIONS,
      requestsPerMinute: env.HEARTH_RATE_LIMIT_REQUESTS,
    },
    outbound: outboundRules(env),
    logLevel: env.LOG_LEVEL,
  }));
