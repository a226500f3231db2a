/**
 * Cog's container protocol: what a model container takes and gives over HTTP. Types and constants only, so that a model
 * server can use them without loading a validator.
 *
 * Three generations of servers are driven: A (Cog 0.7–0.13), B (0.14–0.16) and coglet (0.17 and later). Fields marked
 * "A, B" are missing from coglet's answers.
 */

/** The port a container listens on unless `PORT` says otherwise. */
export const COG_DEFAULT_PORT = 5000;

/** `Prefer` value that makes `POST /predictions` and `PUT /predictions/{id}` answer 202 at once. Matched exactly. */
export const COG_PREFER_ASYNC = 'respond-async';

/** On every file that A and B upload: the id of its prediction. coglet does not send it. */
export const COG_PREDICTION_ID_HEADER = 'x-prediction-id';

export const COG_WEBHOOK_EVENTS = ['start', 'output', 'logs', 'completed'] as const;
export type CogWebhookEvent = (typeof COG_WEBHOOK_EVENTS)[number];

export const COG_STATUSES = ['starting', 'processing', 'succeeded', 'canceled', 'failed'] as const;
export type CogStatus = (typeof COG_STATUSES)[number];
export type CogTerminalStatus = Exclude<CogStatus, 'starting' | 'processing'>;

/** `UNHEALTHY`: the model's own health check failed (0.16.10 and later). `BUSY`: every slot is taken. */
export const COG_HEALTH_STATUSES = [
  'UNKNOWN',
  'STARTING',
  'READY',
  'BUSY',
  'SETUP_FAILED',
  'DEFUNCT',
  'UNHEALTHY',
] as const;
export type CogHealthStatus = (typeof COG_HEALTH_STATUSES)[number];

/** Body of `POST /predictions` and `PUT /predictions/{id}`. */
export interface CogPredictionRequest {
  readonly id?: string | null;
  /** File values are http(s) or data URLs. Unknown keys are dropped silently. */
  readonly input?: Readonly<Record<string, unknown>>;
  readonly webhook?: string | null;
  /** All four events where it is left out. */
  readonly webhook_events_filter?: readonly CogWebhookEvent[] | null;
  /** ISO 8601; echoed by A and B. */
  readonly created_at?: string | null;
  /** Handed to the model beside its input; B and coglet. */
  readonly context?: Readonly<Record<string, string>> | null;
}

/**
 * A prediction as A and B show it, in answers and in webhooks. Webhooks leave `version`, and what has no value yet, out.
 * Times are ISO 8601 in UTC.
 */
export interface CogPrediction {
  readonly id: string | null;
  readonly input: Readonly<Record<string, unknown>>;
  readonly output: unknown;
  readonly version: null;
  readonly created_at: string | null;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  readonly logs: string;
  readonly error: string | null;
  readonly status: CogStatus;
  /** `predict_time` in seconds and what the model recorded; only on success. */
  readonly metrics: Readonly<Record<string, unknown>> | null;
}

/** `setup` of the health answer; empty while the setup runs. */
export interface CogSetup {
  readonly started_at?: string | null;
  readonly completed_at?: string | null;
  readonly logs?: string;
  readonly status?: 'starting' | 'succeeded' | 'failed';
}

/** One entry of the 422 body `{ "detail": [...] }`. */
export interface CogInputIssue {
  /** Where it is, for instance `["body", "input", "steps"]`. */
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly type: string;
  readonly ctx?: Readonly<Record<string, unknown>>;
}
