import type { WireWebhookMessage } from '@hearth/contract';
import type { MessageRow, MessageTry } from '@hearth/store';

const date = (ms: number): string => new Date(ms).toISOString();

export function wireWebhookMessage(message: MessageRow & { log: readonly MessageTry[] }): WireWebhookMessage {
  return {
    id: message.id,
    event: message.event,
    url: message.url,
    state: message.state,
    created_at: date(message.createdAt),
    ...(message.nextTryAt !== null && { next_try_at: date(message.nextTryAt) }),
    tries: message.log.map(({ n, at, statusCode, error, durationMs, answer }) => ({
      n,
      at: date(at),
      status_code: statusCode,
      // A later try was begun, so this one is not under way.
      error: durationMs === null && n < message.tries ? 'its server ended before there was an answer' : error,
      duration_ms: durationMs,
      answer,
    })),
  };
}
