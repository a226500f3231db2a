/**
 * Every body that the server sends, by generation. Shapes of A and B are as recorded from Cog 0.9.26 and 0.16.12, those of
 * coglet as written in the source of 0.22.0 (crates/coglet/src/transport/http/routes.rs and prediction.rs).
 */
import type { CogPrediction } from '@hearth/contract/south/protocol';
import { cogletBodies } from './coglet-responses.ts';
import type { Generation } from './generation.ts';
import type { Prediction } from './prediction.ts';
import { type Bodies, brokenReply, indexReply, jsonReply } from './reply.ts';
import { isoTime } from './time.ts';

/** That it is not Cog itself who speaks, and as whom. */
export const COG_VERSION = '0.16.12+hearth.modelkit';

/** 200 once it has ended, in whatever way; 202 while it runs. */
const statusOf = (prediction: Prediction): number => (prediction.ended ? 200 : 202);

const metricsOf = (prediction: Prediction): Record<string, unknown> | null =>
  prediction.status === 'succeeded' ? { ...prediction.metrics, predict_time: prediction.predictTimeS } : null;

function snapshotOf(prediction: Prediction): CogPrediction {
  const { call, output, startedAtMs, completedAtMs, logs, error, status } = prediction;
  return {
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
}

/** A webhook leaves out what has no value yet, and `version` always. */
function reportedOf(prediction: Prediction): Record<string, unknown> {
  const { version: _never, completed_at, error, metrics, ...always } = snapshotOf(prediction);
  return {
    ...always,
    ...(completed_at !== null && { completed_at }),
    ...(error !== null && { error }),
    ...(metrics && { metrics }),
  };
}

const BUSY = jsonReply(409, { detail: 'Already running a prediction' });

const B: Bodies = {
  index: (trainable) => indexReply(COG_VERSION, trainable),
  health: ({ status, setup, complaint }) =>
    jsonReply(200, { status, setup, ...(complaint !== null && { user_healthcheck_error: complaint }) }),
  startingSetup: () => ({}),
  defunct: { status: 'DEFUNCT', complaint: null },
  // A and B know no other word for "not now".
  notReady: BUSY,
  full: BUSY,
  broken: () => brokenReply,
  invalid: (issues) => jsonReply(422, { detail: issues }),
  prediction: (prediction) => jsonReply(statusOf(prediction), snapshotOf(prediction)),
  webhook: (prediction) => JSON.stringify(reportedOf(prediction)),
  workerDied: (cause) => `Prediction failed for an unknown reason. It might have run out of memory? (${cause})`,
  failedSetup: (logs, { trace }) => logs + trace,
};

/** A shows what it was asked, too. */
const echoOf = ({ call }: Prediction): Record<string, unknown> => ({
  webhook: call.webhook,
  webhook_events_filter: call.events,
  output_file_prefix: call.outputFilePrefix,
});

const A: Bodies = {
  ...B,
  index: () => jsonReply(200, { docs_url: '/docs', openapi_url: '/openapi.json' }),
  prediction: (prediction) => jsonReply(statusOf(prediction), { ...snapshotOf(prediction), ...echoOf(prediction) }),
  webhook: (prediction) => JSON.stringify({ ...reportedOf(prediction), ...echoOf(prediction) }),
};

/** @param generation null: none is played, and B's are spoken. */
export const bodiesOf = (generation: Generation | null): Bodies => {
  if (generation === 'coglet') return cogletBodies;
  return generation === 'A' ? A : B;
};
