/**
 * Every body that the server sends, in one place. The shapes are those of Cog's generation B, as recorded from 0.16.12;
 * a server of another generation differs from this one here and nowhere else.
 */
import type { CogHealthStatus, CogInputIssue, CogPrediction, CogSetup } from '@hearth/contract/south/protocol';
import type { Prediction } from './prediction.ts';
import { isoTime } from './time.ts';

/** The generation that is spoken, and that it is not Cog itself who speaks. */
export const COG_VERSION = '0.16.12+hearth.modelkit';

export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly contentType: string;
}

const JSON_TYPE = 'application/json';
const jsonReply = (status: number, body: unknown): Reply => ({
  status,
  body: JSON.stringify(body),
  contentType: JSON_TYPE,
});

export const documentReply = (json: string): Reply => ({ status: 200, body: json, contentType: JSON_TYPE });

export const indexReply = (trainable: boolean): Reply =>
  jsonReply(200, { ...INDEX, ...(trainable && TRAININGS_INDEX) });

const TRAININGS_INDEX = {
  trainings_url: '/trainings',
  trainings_idempotent_url: '/trainings/{training_id}',
  trainings_cancel_url: '/trainings/{training_id}/cancel',
};
const INDEX = {
  cog_version: COG_VERSION,
  docs_url: '/docs',
  openapi_url: '/openapi.json',
  shutdown_url: '/shutdown',
  healthcheck_url: '/health-check',
  predictions_url: '/predictions',
  predictions_idempotent_url: '/predictions/{prediction_id}',
  predictions_cancel_url: '/predictions/{prediction_id}/cancel',
};

export const healthReply = (status: CogHealthStatus, setup: CogSetup): Reply => jsonReply(200, { status, setup });

/** Also while the setup runs: A and B know no other word for "not now". */
export const busyReply = jsonReply(409, { detail: 'Already running a prediction' });
export const invalidReply = (issues: readonly CogInputIssue[]): Reply => jsonReply(422, { detail: issues });
export const canceledReply = jsonReply(200, {});
export const nothingToCancelReply = jsonReply(404, {});
export const shutdownReply = jsonReply(200, {});
export const notFoundReply = jsonReply(404, { detail: 'Not Found' });
export const methodNotAllowedReply = jsonReply(405, { detail: 'Method Not Allowed' });
/** After a failed setup, and once defunct. */
export const brokenReply: Reply = {
  status: 500,
  body: 'Internal Server Error',
  contentType: 'text/plain; charset=utf-8',
};

const metricsOf = (prediction: Prediction): Record<string, unknown> | null =>
  prediction.status === 'succeeded' ? { ...prediction.metrics, predict_time: prediction.predictTimeS } : null;

/** 202 while it runs, 200 once it has ended, in whatever way. */
export function predictionReply(prediction: Prediction): Reply {
  const { call, output, startedAtMs, completedAtMs, logs, error, status } = prediction;
  const body: CogPrediction = {
    input: call.values,
    output,
    id: call.id,
    version: null,
    created_at: call.createdAt,
    started_at: isoTime(startedAtMs),
    completed_at: completedAtMs === null ? null : isoTime(completedAtMs),
    logs,
    error,
    status,
    metrics: metricsOf(prediction),
  };
  return jsonReply(prediction.ended ? 200 : 202, body);
}

/** A webhook leaves out what has no value yet, and `version` always. */
export function webhookBody(prediction: Prediction): string {
  const { call, output, startedAtMs, completedAtMs, logs, error, status } = prediction;
  const metrics = metricsOf(prediction);
  return JSON.stringify({
    input: call.values,
    output,
    id: call.id,
    created_at: call.createdAt,
    started_at: isoTime(startedAtMs),
    ...(completedAtMs !== null && { completed_at: isoTime(completedAtMs) }),
    logs,
    ...(error !== null && { error }),
    status,
    ...(metrics && { metrics }),
  });
}

/** What Cog says of a prediction whose worker process died. */
export const workerDiedMessage = (cause: string): string =>
  `Prediction failed for an unknown reason. It might have run out of memory? (${cause})`;
