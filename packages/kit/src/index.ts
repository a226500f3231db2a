export { callerNetwork, zAddressesOrOff } from './addresses.ts';
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
export { freePort } from './free-port.ts';
export { madeAt, newId } from './ids.ts';
export { inheritedSocket } from './inherited-socket.ts';
export { createLogger, type Logger } from './logger.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { outboundEnvironment, outboundRules } from './outbound/environment.ts';
export {
  createOutboundGuard,
  type OutboundGuard,
  type OutboundGuardOptions,
  OutboundRefused,
} from './outbound/guard.ts';
export { runLimitsEnvironment } from './run-limits.ts';
export { type RunningServer, runServer, settingsOrExit } from './run-server.ts';
export { ensureSecretKeys, zSecretKeys } from './sealing/keys.ts';
export { createSealer, SealBroken, type Sealer } from './sealing/sealer.ts';
export { sizeBytes } from './size.ts';
export { hashToken, newSecret, newToken, newWebhookSecret } from './tokens.ts';
