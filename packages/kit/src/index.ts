export { systemNow } from './clock.ts';
export { type Coalescer, createCoalescer } from './coalescer.ts';
export {
  ConfigError,
  loadConfig,
  zBoolean,
  zDuration,
  zDurationOrOff,
  zPort,
  zSize,
  zUrl,
  zWholeNumber,
} from './config.ts';
export { durationMs } from './duration.ts';
export { madeAt, newId } from './ids.ts';
export { createLogger, type Logger } from './logger.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { runServer } from './run-server.ts';
export { sizeBytes } from './size.ts';
export { hashToken, newSecret, newToken, newWebhookSecret } from './tokens.ts';
