export { TransportDown } from './errors.ts';
export type {
  Bus,
  Consumer,
  PredictionDelta,
  PredictionExtent,
  PredictionNotice,
  QueuedTicket,
  Queues,
  Room,
  Ticket,
  TicketOutcome,
} from './port.ts';
export { findRedisBinary } from './redis/binary.ts';
export { EmbeddedRedisFailed, startEmbeddedRedis } from './redis/embedded.ts';
export { inspectRedis, type RedisFacts } from './redis/inspect.ts';
export { createTransport, type Transport, type TransportAddress } from './transport.ts';
