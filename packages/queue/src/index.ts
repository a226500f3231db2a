export { TransportDown } from './errors.ts';
export type { Bus, Consumer, PredictionNotice, Queues, Room, Ticket, TicketOutcome } from './port.ts';
export { findRedisBinary, type RedisBinary } from './redis/binary.ts';
export {
  type EmbeddedRedis,
  EmbeddedRedisFailed,
  type EmbeddedRedisOptions,
  startEmbeddedRedis,
} from './redis/embedded.ts';
export { createTransport, type Transport, type TransportAddress, type TransportOptions } from './transport.ts';
