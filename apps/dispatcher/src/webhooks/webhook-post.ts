import type { OutboundGuard } from '@hearth/kit';
import type { TryOutcome } from '@hearth/store';
import { type Dispatcher, request } from 'undici';
import { createGuardedAgent } from '../guarded-agent.ts';

/** Sends webhooks. The one place of the platform that opens an address which a user gave as a webhook. */
export interface WebhookPost {
  /** One try: how it went, whatever happens. `signal` ends it, and its reason goes into the outcome. */
  send(url: string, headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal): Promise<TryOutcome>;
  close(): Promise<void>;
}

/** So much of an answer is kept for the log. */
const MAX_ANSWER_BYTES = 1_024;

/** `timeoutMs`: from the connection to the end of the answer. Redirects are an answer like any other: nobody follows them. */
export function createWebhookPost(timeoutMs: number, guard: OutboundGuard): WebhookPost {
  const agent = createGuardedAgent(guard, { connectMs: timeoutMs });
  return {
    async send(url, headers, body, signal) {
      const startedAt = performance.now();
      const tookMs = () => Math.round(performance.now() - startedAt);
      const timeout = AbortSignal.timeout(timeoutMs);
      const either = AbortSignal.any([timeout, signal]);
      try {
        const response = await request(url, { dispatcher: agent, method: 'POST', headers, body, signal: either });
        const answer = await beginningOf(response.body);
        return { statusCode: response.statusCode, error: redirectOf(response, url), durationMs: tookMs(), answer };
      } catch (error) {
        const late = timeout.aborted ? `no answer within ${timeoutMs / 1_000} s` : null;
        const why = signal.aborted ? String(signal.reason) : (late ?? messageOf(error));
        return { statusCode: null, error: why, durationMs: tookMs(), answer: null };
      }
    },
    close: () => agent.destroy(),
  };
}

export const isDelivered = ({ statusCode }: TryOutcome): boolean =>
  statusCode !== null && statusCode >= 200 && statusCode < 300;

/** Leaves the rest unread: a receiver may answer without end. */
async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= MAX_ANSWER_BYTES) break;
    }
  } catch {
    // The status has been told, and that decides: of an answer that breaks off, what came is kept.
  }
  return new TextDecoder().decode(Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES));
}

/** Usually a missing slash or http for https: the log says where the user should have pointed. */
function redirectOf({ statusCode, headers }: Dispatcher.ResponseData, url: string): string | null {
  if (statusCode < 300 || statusCode >= 400) return null;
  const { location } = headers;
  if (typeof location !== 'string') return 'it redirects, and redirects are not followed';
  return `it redirects to ${URL.canParse(location, url) ? new URL(location, url).href : location}, and redirects are not followed`;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return error.message.includes(code) ? error.message : `${code}: ${error.message}`;
}
