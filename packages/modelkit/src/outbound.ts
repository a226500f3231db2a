/** HTTP to the platform: webhooks and uploads. node:http, because the built-in fetch costs 30 ms on its first use. */
import type { Agent, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { http } from './node-http.ts';

export interface OutboundRequest {
  readonly method: 'POST' | 'PUT';
  readonly url: string;
  readonly headers: OutgoingHttpHeaders;
  /** Text, or a function that opens the body anew for every try. */
  readonly body: string | (() => Readable);
  readonly timeoutMs: number;
}
export interface OutboundAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** 429 and the 5xx that mean "later"; what Cog retries. */
const RETRIED_STATUSES = [429, 500, 502, 503, 504];
const MAX_BACKOFF_EXPONENT = 10;

export class Outbound {
  readonly #http = new http.Agent({ keepAlive: true });
  // Loaded for the first https URL only: TLS costs boot time, and a platform's own callbacks are plain HTTP.
  #https: HttpsAgent | undefined;

  /** One try. @throws the network error, or a timeout. */
  async send(request: OutboundRequest): Promise<OutboundAnswer> {
    if (!request.url.startsWith('https:')) return exchange(http.request, this.#http, request);
    const https = process.getBuiltinModule('node:https');
    this.#https ??= new https.Agent({ keepAlive: true });
    return exchange(https.request, this.#https, request);
  }

  /**
   * Tries again on 429, 500, 502–504 and network errors, after 0.1 s · 2ⁿ (n at most 10).
   * @returns the last answer, whatever its status. @throws the last network error.
   */
  async sendWithRetries(request: OutboundRequest, retries: number): Promise<OutboundAnswer> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const answer = await this.send(request);
        if (attempt >= retries || !RETRIED_STATUSES.includes(answer.status)) return answer;
      } catch (error) {
        if (attempt >= retries) throw error;
      }
      await delay(100 * 2 ** Math.min(attempt, MAX_BACKOFF_EXPONENT));
    }
  }

  close(): void {
    this.#http.destroy();
    this.#https?.destroy();
  }
}

function exchange(open: typeof http.request, agent: Agent, request: OutboundRequest): Promise<OutboundAnswer> {
  const { method, url, headers, body, timeoutMs } = request;
  return new Promise((resolve, reject) => {
    const outgoing = open(url, { method, headers, agent, timeout: timeoutMs }, (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      // The peer closed an idle connection just as it was used again: the request never reached it.
      if (outgoing.reusedSocket && error.code === 'ECONNRESET') resolve(exchange(open, agent, request));
      else reject(error);
    });
    if (typeof body === 'string') outgoing.end(body);
    else {
      const source = body();
      source.on('error', (error) => outgoing.destroy(error));
      source.pipe(outgoing);
    }
  });
}
