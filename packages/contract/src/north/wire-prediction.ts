import type { WirePrediction, WireStatus } from './prediction.ts';

/** A stream's URL is good for this long after its prediction was made. */
const STREAM_DAYS = 365;
const DAY_SECONDS = 86_400;

/** What the platform knows of a prediction, as far as its users see it. Times are epoch milliseconds. */
export interface PredictionFacts {
  readonly id: string;
  readonly kind: 'prediction' | 'training';
  readonly model: string;
  readonly versionId: string;
  readonly deployment: string | null;
  readonly status: WireStatus | 'aborted';
  readonly input: Record<string, unknown>;
  readonly output: unknown;
  readonly error: string | null;
  readonly logs: string;
  readonly metrics: Record<string, unknown> | null;
  readonly source: 'api' | 'web';
  readonly webhook: string | null;
  readonly webhookEventsFilter: readonly string[] | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly completedAt: number | null;
  readonly deadlineAt: number | null;
  readonly dataRemovedAt: number | null;
  /** Its output is a file, or files. */
  readonly streamsFiles: boolean;
}

/** The addresses that a prediction is shown with. */
export interface PredictionUrls {
  prediction(id: string): { web: string; get: string; cancel: string };
  /** A capability: whoever has it may read that stream, because clients send no token with it (contract §0.9). */
  stream(prediction: Pick<PredictionFacts, 'id' | 'createdAt' | 'streamsFiles'>): string;
}

/** What a stream's signature is over; the word keeps it from being good for anything else. */
export const streamSubject = (id: string): string => `stream ${id}`;

/** `sign`: a capability for a subject, good until an instant in Unix seconds. */
export function createPredictionUrls(
  publicUrl: string,
  sign: (subject: string, expiresAtSeconds: number) => string,
): PredictionUrls {
  const get = (id: string) => `${publicUrl}/v1/predictions/${id}`;
  return {
    prediction: (id) => ({ web: `${publicUrl}/p/${id}`, get: get(id), cancel: `${get(id)}/cancel` }),
    stream({ id, createdAt, streamsFiles }) {
      const expires = Math.floor(createdAt / 1000) + STREAM_DAYS * DAY_SECONDS;
      // By this path the JavaScript client knows that what it is sent are files' URLs (contract §0.10).
      const path = streamsFiles ? 'files/stream-' : 'streams/';
      return `${publicUrl}/v1/${path}${id}.${sign(streamSubject(id), expires)}`;
    },
  };
}

const date = (ms: number): string => new Date(ms).toISOString();

/** Official clients know five statuses only (contract §0.4). */
const wireStatus = (status: PredictionFacts['status']): WireStatus => (status === 'aborted' ? 'canceled' : status);

/**
 * A prediction as `GET /predictions/{id}` answers it and webhooks carry it. Times become ISO 8601 with Z; what has not
 * happened is left out where clients need it so.
 */
export function wirePrediction(
  row: PredictionFacts,
  urls: PredictionUrls,
  waiting?: WirePrediction['waiting'],
): WirePrediction {
  return {
    id: row.id,
    model: row.model,
    version: row.versionId,
    ...(row.deployment !== null && { deployment: row.deployment }),
    input: row.input,
    output: row.output ?? null,
    logs: row.logs,
    error: row.error,
    status: wireStatus(row.status),
    source: row.source,
    data_removed: row.dataRemovedAt !== null,
    ...(row.metrics !== null && { metrics: row.metrics }),
    created_at: date(row.createdAt),
    ...(row.startedAt !== null && { started_at: date(row.startedAt) }),
    ...(row.completedAt !== null && { completed_at: date(row.completedAt) }),
    ...(row.deadlineAt !== null && { deadline: date(row.deadlineAt) }),
    ...(row.webhook !== null && { webhook: row.webhook }),
    ...(row.webhookEventsFilter !== null && { webhook_events_filter: [...row.webhookEventsFilter] }),
    ...(waiting !== undefined && { waiting }),
    urls: { ...urls.prediction(row.id), stream: urls.stream(row) },
  };
}
