import {
  COG_PREFER_ASYNC,
  CogHealth,
  type CogHealthStatus,
  type CogPredictionRequest,
  CogReport,
  type CogWebhookEvent,
} from '@hearth/contract';
import type { PredictionRow } from '@hearth/store';
import { type Dispatcher, Pool } from 'undici';
import { z } from 'zod';
import { isEnd } from './merge-report.ts';
import { trainingEndpoint } from './training-endpoint.ts';

interface ModelRequest extends CogPredictionRequest {
  /** `<prediction id>-<attempt>`; never sent twice once it was taken (cog #2454). */
  readonly id: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Where the container reports to. */
  readonly webhook: string;
  readonly webhook_events_filter: readonly CogWebhookEvent[];
  readonly context?: Readonly<Record<string, string>>;
}

/** What a container did with a prediction that it was sent. */
export type StartAnswer =
  /** It runs; reports follow. */
  | { readonly kind: 'accepted' }
  /** A server without the asynchronous mode: this is the end. */
  | { readonly kind: 'ended'; readonly report: CogReport }
  /** No free slot, or not ready. It did not take it. */
  | { readonly kind: 'busy' }
  /** The input does not suit the model. */
  | { readonly kind: 'invalid'; readonly error: string }
  /** It answered something that no prediction can come of. */
  | { readonly kind: 'broken'; readonly error: string }
  /** Nothing listens there: it never got the prediction. */
  | { readonly kind: 'unreached'; readonly error: string }
  /** The connection broke after the request was on its way: it may run. */
  | { readonly kind: 'torn'; readonly error: string };

export interface ModelClient {
  /** Resolves when the container answered; for a server without the asynchronous mode, that is at the end of the run. */
  start(request: ModelRequest, signal: AbortSignal, kind?: PredictionRow['kind']): Promise<StartAnswer>;
  /** `unknown`: the container runs no such prediction. `unreached`: it did not answer. */
  cancel(id: string): Promise<'told' | 'unknown' | 'unreached'>;
  /** null: it did not answer in time, or with something else than a health state. */
  health(): Promise<CogHealthStatus | null>;
  close(): Promise<void>;
}

const SHORT_CALL_MS = 5_000;
/** A model's own health check may take 5 s in B and 10 s in coglet before its server answers in its place. */
const HEALTH_CALL_MS = 12_000;
const MAX_QUOTED_CHARS = 2_000;
const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const JSON_HEADERS = { 'content-type': 'application/json' };

/** Cog's HTTP protocol towards one instance at `address` (`http://host:port`), over kept-alive connections. */
export function createModelClient(address: string): ModelClient {
  // No time limit on answers: without the asynchronous mode the answer comes at the end of the run.
  const pool = new Pool(address, { headersTimeout: 0, bodyTimeout: 0, connectTimeout: SHORT_CALL_MS });
  // Ancient servers know only POST /predictions; asked once per instance.
  let postOnly = false;

  const send = (request: ModelRequest, signal: AbortSignal, endpoint: string) =>
    pool.request({
      method: postOnly ? 'POST' : 'PUT',
      path: postOnly ? endpoint : `${endpoint}/${request.id}`,
      headers: { ...JSON_HEADERS, prefer: COG_PREFER_ASYNC },
      body: JSON.stringify(request),
      signal,
    });

  /** `GET /`; null where there is no such answer. The call that follows says what is wrong. */
  const index = async (): Promise<unknown> => {
    try {
      const signal = AbortSignal.timeout(SHORT_CALL_MS);
      const { body } = await pool.request({ method: 'GET', path: '/', signal });
      return parsedOrNull(await body.text());
    } catch {
      return null;
    }
  };

  return {
    async start(request, signal, kind = 'prediction') {
      const endpoint = kind === 'training' ? trainingEndpoint(await index()) : '/predictions';
      try {
        let response = await send(request, signal, endpoint);
        if (!postOnly && (response.statusCode === 404 || response.statusCode === 405)) {
          await response.body.dump();
          postOnly = true;
          response = await send(request, signal, endpoint);
        }
        return await startAnswer(response);
      } catch (error) {
        return { kind: NEVER_CONNECTED.has(codeOf(error)) ? 'unreached' : 'torn', error: messageOf(error) };
      }
    },
    async cancel(id) {
      try {
        const signal = AbortSignal.timeout(SHORT_CALL_MS);
        const response = await pool.request({
          method: 'POST',
          path: `/predictions/${id}/cancel`,
          headers: JSON_HEADERS,
          body: '{}',
          signal,
        });
        await response.body.dump();
        return response.statusCode < 300 ? 'told' : 'unknown';
      } catch {
        // Whatever broke, the caller's grace period decides; why does not matter to it.
        return 'unreached';
      }
    },
    async health() {
      try {
        const signal = AbortSignal.timeout(HEALTH_CALL_MS);
        const response = await pool.request({ method: 'GET', path: '/health-check', signal });
        const health = CogHealth.safeParse(JSON.parse(await response.body.text()));
        return health.success ? statusOf(health.data) : null;
      } catch {
        // No answer is an answer: the scheduler watches the process itself.
        return null;
      }
    },
    close: () => pool.destroy(),
  };
}

async function startAnswer({ statusCode, body }: Dispatcher.ResponseData): Promise<StartAnswer> {
  if (statusCode === 202) {
    await body.dump();
    return { kind: 'accepted' };
  }
  if (statusCode === 409 || statusCode === 503) {
    await body.dump();
    return { kind: 'busy' };
  }
  const text = await body.text();
  if (statusCode === 422) return { kind: 'invalid', error: inputErrors(text) };
  if (statusCode !== 200 && statusCode !== 201)
    return { kind: 'broken', error: `The model's server answered ${statusCode}: ${quoted(text)}` };
  const report = CogReport.safeParse(withStatus(parsedOrNull(text)));
  if (!report.success)
    return { kind: 'broken', error: `The model's server answered ${statusCode} without a prediction: ${quoted(text)}` };
  return isEnd(report.data.status) ? { kind: 'ended', report: report.data } : { kind: 'accepted' };
}

/** coglet has no word for a worker that died: the check that it runs finds nobody to answer. */
function statusOf({ status, user_healthcheck_error: complaint }: CogHealth): CogHealthStatus {
  const isGone = complaint?.startsWith('Healthcheck error: ') || complaint === 'Worker crashed';
  return status === 'UNHEALTHY' && isGone ? 'DEFUNCT' : status;
}

/** An answer that is the end may go without saying so: then it failed if it has an error, and succeeded if it has an output. */
function withStatus(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || 'status' in answer) return answer;
  if ('error' in answer && answer.error) return { ...answer, status: 'failed' };
  return 'output' in answer ? { ...answer, status: 'succeeded' } : answer;
}

const InputErrors = z.object({
  detail: z.array(z.object({ loc: z.array(z.union([z.string(), z.number()])).default([]), msg: z.string() })).min(1),
});

/** `{"detail":[{"loc":["body","input","steps"],"msg":"…"}]}` as one line for each field. */
function inputErrors(text: string): string {
  const errors = InputErrors.safeParse(parsedOrNull(text));
  if (!errors.success) return `The model refused its input: ${quoted(text)}`;
  const lines = errors.data.detail.map(
    ({ loc, msg }) => `- ${loc.filter((part) => part !== 'body').join('.')}: ${msg}`,
  );
  return `The model refused its input:\n${lines.join('\n')}`;
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON; the caller quotes the text itself.
    return null;
  }
}

function quoted(text: string): string {
  return (text.length > MAX_QUOTED_CHARS ? `${text.slice(0, MAX_QUOTED_CHARS)}…` : text) || '(empty)';
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
const messageOf = (error: unknown): string => (error instanceof Error ? error.message || codeOf(error) : String(error));
