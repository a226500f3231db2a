/** What coglet says: less, and 503 where A and B say 409. */
import type { Prediction } from './prediction.ts';
import { type Bodies, indexReply, jsonReply } from './reply.ts';

/** That it is not Cog itself who speaks. */
const COGLET_VERSION = '0.22.0+hearth.modelkit';

const NOT_READY = jsonReply(503, {
  error: 'Setup has not finished yet. Wait until it has finished, or GET /health-check for status.',
  status: 'failed',
});
const FULL = jsonReply(409, { error: 'At capacity - all prediction slots busy', status: 'failed' });

/** No input and no times; output and error only where there are any. */
function snapshotOf(prediction: Prediction): Record<string, unknown> {
  const { call, status, logs, output, error } = prediction;
  const nothingYet = output === null || (Array.isArray(output) && output.length === 0 && !prediction.ended);
  return {
    id: call.id,
    status,
    logs,
    ...(!(nothingYet && status !== 'succeeded') && { output }),
    ...(error !== null && { error }),
    metrics: metricsOf(prediction),
  };
}

const metricsOf = ({ ended, metrics, predictTimeS }: Prediction): Record<string, unknown> => ({
  ...metrics,
  ...(ended && { predict_time: predictTimeS }),
});

/** The answer that waited for the end: logs only of what succeeded, and no output of what did not. */
function endOf(prediction: Prediction): Record<string, unknown> {
  const { call, status, logs, output, error } = prediction;
  if (status === 'succeeded') return { id: call.id, output, logs, status, metrics: metricsOf(prediction) };
  return { id: call.id, ...(error !== null && { error }), logs: '', status, metrics: metricsOf(prediction) };
}

export const cogletBodies: Bodies = {
  index: (trainable) => indexReply(COGLET_VERSION, trainable),
  health: ({ status, setup, complaint }) =>
    jsonReply(200, {
      status,
      setup,
      version: { coglet: COGLET_VERSION },
      ...(complaint !== null && { user_healthcheck_error: complaint }),
    }),
  startingSetup: (startedAt) => ({ started_at: startedAt, status: 'starting' }),
  // It never says DEFUNCT: the check that it runs finds nobody to answer.
  defunct: { status: 'UNHEALTHY', complaint: 'Healthcheck error: protocol error: healthcheck channel closed' },
  notReady: NOT_READY,
  full: FULL,
  // After a failed setup it is not ready for ever; after a crash every slot is taken for ever.
  broken: (status) => (status === 'SETUP_FAILED' ? NOT_READY : FULL),
  invalid: (issues) => jsonReply(422, { detail: issues.map(({ loc, msg, type }) => ({ loc, msg, type })) }),
  prediction: (prediction, asked) => {
    if (asked === 'started') return jsonReply(202, { id: prediction.call.id, status: 'starting' });
    if (asked === 'again') return jsonReply(202, { ...snapshotOf(prediction), input: prediction.call.values });
    return jsonReply(200, endOf(prediction));
  },
  webhook: (prediction) => JSON.stringify(snapshotOf(prediction)),
  workerDied: () => 'Worker crashed',
  failedSetup: (_logs, { message }) => `worker setup failed (slot 0): Setup failed: ${message}`,
};
