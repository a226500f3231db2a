import type { WireFile } from '../north/file.ts';
import type { WirePage } from '../north/page.ts';
import type { PredictionBody, PredictionFilters, WirePrediction } from '../north/prediction.ts';
import type { WirePredictionTimeline } from '../north/timeline.ts';
import type { TrainingBody, WireTraining } from '../north/training.ts';
import type { WireWebhookMessage, WireWebhookSecret } from '../north/webhook.ts';
import type { Http } from './http.ts';
import { part, search } from './path.ts';

/** What to run: a deployment, a model's newest version (`owner/name`), or a version (`owner/name:<64 hex>`, `<64 hex>`). */
export type RunTarget = { readonly version: string } | { readonly deployment: string };

interface CreateOptions {
  /** Seconds to hold the answer for the end of the prediction, at most 60. */
  readonly waitSeconds?: number;
  /** `30s`, `5m`: after this the prediction is canceled, wherever it stands. */
  readonly cancelAfter?: string;
}

/** The part of the client that is about predictions, trainings, and the files and webhooks beside them. */
export function createPredictions(http: Http) {
  const { get, post } = http;
  return {
    predictions: {
      create(target: RunTarget, body: PredictionBody, create: CreateOptions = {}) {
        const headers: Record<string, string> = {};
        if (create.waitSeconds !== undefined) headers.prefer = `wait=${create.waitSeconds}`;
        if (create.cancelAfter !== undefined) headers['cancel-after'] = create.cancelAfter;
        if ('version' in target) {
          return http.json<WirePrediction>('POST', '/predictions', { version: target.version, ...body }, headers);
        }
        const path = target.deployment.split('/').map(part).join('/');
        return http.json<WirePrediction>('POST', `/deployments/${path}/predictions`, body, headers);
      },
      get: (id: string) => get<WirePrediction>(`/predictions/${part(id)}`),
      /** One page, newest first; give `next` of a page for the one after it. */
      list: (next?: string) => get<WirePage<WirePrediction>>(next ?? '/predictions'),
      /** The first page of those that all of these fit, newest first. */
      find: (filters: PredictionFilters) => get<WirePage<WirePrediction>>(`/predictions?${search(filters)}`),
      timeline: (id: string) => get<WirePredictionTimeline>(`/predictions/${part(id)}/timeline`),
      cancel: (id: string) => post<WirePrediction>(`/predictions/${part(id)}/cancel`),
      /** Everything from the beginning, or from an event's id; ends after `done`. */
      stream: (
        { urls }: { urls: Pick<WirePrediction['urls'], 'stream'> },
        resume: { lastEventId?: string; signal?: AbortSignal } = {},
      ) => http.events(urls.stream, resume),
    },
    trainings: {
      create: (of: { owner: string; name: string; version: string }, body: TrainingBody) =>
        post<WireTraining>(`/models/${part(of.owner)}/${part(of.name)}/versions/${part(of.version)}/trainings`, body),
      get: (id: string) => get<WireTraining>(`/trainings/${part(id)}`),
      /** One page, newest first; give `next` of a page for the one after it. */
      list: (next?: string) => get<WirePage<WireTraining>>(next ?? '/trainings'),
      cancel: (id: string) => post<WireTraining>(`/trainings/${part(id)}/cancel`),
    },
    files: {
      upload: (content: Blob, filename: string) => {
        const form = new FormData();
        form.append('content', content, filename);
        return http.form<WireFile>('/files', form);
      },
      get: (id: string) => get<WireFile>(`/files/${part(id)}`),
      list: () => http.every<WireFile>('/files'),
      delete: (id: string) => http.empty('DELETE', `/files/${part(id)}`),
    },
    webhooks: {
      /** What the webhook of a prediction was told, newest first. */
      list: (predictionId: string) => http.every<WireWebhookMessage>(`/predictions/${part(predictionId)}/webhooks`),
      resend: (predictionId: string, messageId: string) =>
        post<Omit<WireWebhookMessage, 'tries'>>(
          `/predictions/${part(predictionId)}/webhooks/${part(messageId)}/resend`,
        ),
      secret: () => get<WireWebhookSecret>('/webhooks/default/secret'),
      rotateSecret: () => post<WireWebhookSecret>('/webhooks/default/secret/rotate'),
    },
  };
}
