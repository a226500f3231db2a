/** What a server says, whatever generation it plays. */
import type { CogHealthStatus, CogInputIssue, CogSetup } from '@hearth/contract/south/protocol';
import type { Prediction } from './prediction.ts';

export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly contentType: string;
}

export interface Health {
  readonly status: CogHealthStatus;
  readonly setup: CogSetup;
  /** What the model's own check found; null: nothing. */
  readonly complaint: string | null;
}

/** How a prediction came to be asked about. */
export type Asked =
  /** It was accepted just now. */
  | 'started'
  /** Its id was sent again while it runs. */
  | 'again'
  /** The answer waited for its end. */
  | 'waited';

/** What a server of one generation says. */
export interface Bodies {
  readonly index: (trainable: boolean) => Reply;
  readonly health: (health: Health) => Reply;
  /** `setup` of the health answer while it runs. */
  readonly startingSetup: (startedAt: string) => CogSetup;
  /** What the health answer says once the worker has died. */
  readonly defunct: Pick<Health, 'status' | 'complaint'>;
  /** The setup still runs. */
  readonly notReady: Reply;
  /** Every slot is taken. */
  readonly full: Reply;
  /** No prediction will ever be taken. */
  readonly broken: (status: CogHealthStatus) => Reply;
  readonly invalid: (issues: readonly CogInputIssue[]) => Reply;
  readonly prediction: (prediction: Prediction, asked: Asked) => Reply;
  readonly webhook: (prediction: Prediction) => string;
  /** The error of a prediction whose worker process died. */
  readonly workerDied: (cause: string) => string;
  /** What `setup.logs` holds after a setup that failed. */
  readonly failedSetup: (logs: string, error: { readonly message: string; readonly trace: string }) => string;
}

const JSON_TYPE = 'application/json';
export const jsonReply = (status: number, body: unknown): Reply => ({
  status,
  body: JSON.stringify(body),
  contentType: JSON_TYPE,
});
export const textReply = (status: number, body: string): Reply => ({
  status,
  body,
  contentType: 'text/plain; charset=utf-8',
});

export const documentReply = (json: string): Reply => ({ status: 200, body: json, contentType: JSON_TYPE });
export const canceledReply = jsonReply(200, {});
export const nothingToCancelReply = jsonReply(404, {});
export const shutdownReply = jsonReply(200, {});
export const notFoundReply = jsonReply(404, { detail: 'Not Found' });
export const methodNotAllowedReply = jsonReply(405, { detail: 'Method Not Allowed' });
/** Of A and B after a failed setup, and once defunct; of all where a request cannot be read. */
export const brokenReply = textReply(500, 'Internal Server Error');

export function indexReply(cogVersion: string, trainable: boolean): Reply {
  const trainings = {
    trainings_url: '/trainings',
    trainings_idempotent_url: '/trainings/{training_id}',
    trainings_cancel_url: '/trainings/{training_id}/cancel',
  };
  return jsonReply(200, {
    cog_version: cogVersion,
    docs_url: '/docs',
    openapi_url: '/openapi.json',
    shutdown_url: '/shutdown',
    healthcheck_url: '/health-check',
    predictions_url: '/predictions',
    predictions_idempotent_url: '/predictions/{prediction_id}',
    predictions_cancel_url: '/predictions/{prediction_id}/cancel',
    ...(trainable && trainings),
  });
}
