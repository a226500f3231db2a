import { z } from 'zod';
import { lineSchema, wireDateSchema } from './page.ts';

/** The five statuses that every official client knows; `aborted` is sent as `canceled`. Source: contract §0.4. */
const WIRE_STATUSES = ['starting', 'processing', 'succeeded', 'failed', 'canceled'] as const;
export type WireStatus = (typeof WIRE_STATUSES)[number];

export const WEBHOOK_EVENTS = ['start', 'output', 'logs', 'completed'] as const;

/** Ours: how far the boot phase is that a prediction waits for. */
export const bootProgressSchema = z.object({
  elapsed_seconds: z.number(),
  /** What the phase usually takes here: the middle of the deployment's last boots; null where it never had one. */
  usual_seconds: z.number().nullable(),
  /** Of a pull: bytes here, of all bytes; null in other phases, and the total while the registry has not told it. */
  bytes: z.int().nullable(),
  total_bytes: z.int().nullable(),
  /** 0 to 100, of the bytes. */
  percent: z.int().nullable(),
});
export type BootProgress = z.infer<typeof bootProgressSchema>;

/** Ours: why a prediction is not running yet. Clients that do not know it ignore it. */
const waitingSchema = z.object({
  /** One word: `queued`, `booting`, `account-limit`, or what blocks the deployment (`no-capacity`, `crash-loop`, …). */
  reason: z.string(),
  /** The same in a sentence. */
  detail: z.string(),
  /** The boot phase of the newest booting instance; null where none boots. */
  phase: z.string().nullable(),
  /** Since when that phase lasts, or the prediction waits. */
  since: wireDateSchema,
  /** Predictions of the same deployment that wait and come before it as things are; counted up to 1000. */
  position: z.int(),
  /** How far `phase` is; null where none boots. */
  progress: bootProgressSchema.nullable(),
  /** Seconds until it should start, from what this deployment's boots and runs took; null where that is not known. */
  eta_seconds: z.int().nullable(),
});

/** A prediction as Replicate sends it. Absent fields are left out, never null, where a client would choke on null. */
export const predictionSchema = z.object({
  id: z.string(),
  model: z.string(),
  version: z.string(),
  deployment: z.string().optional(),
  input: z.record(z.string(), z.unknown()),
  output: z.unknown(),
  logs: z.string(),
  error: z.string().nullable(),
  status: z.enum(WIRE_STATUSES),
  source: z.enum(['api', 'web']),
  data_removed: z.boolean(),
  metrics: z.record(z.string(), z.unknown()).optional(),
  created_at: wireDateSchema,
  started_at: wireDateSchema.optional(),
  completed_at: wireDateSchema.optional(),
  deadline: wireDateSchema.optional(),
  webhook: z.string().optional(),
  webhook_events_filter: z.array(z.string()).optional(),
  waiting: waitingSchema.optional(),
  urls: z.object({ web: z.string(), get: z.string(), cancel: z.string(), stream: z.string() }),
});
export type WirePrediction = z.infer<typeof predictionSchema>;

/** Whoever may see the prediction sees its webhook, and so does the log: no place for a password. */
const holdsUser = (url: string): boolean => URL.canParse(url) && new URL(url).username + new URL(url).password !== '';

const WEBHOOK_URL = lineSchema(8_000)
  .pipe(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }))
  .refine((url) => !holdsUser(url), {
    error: 'must not hold a user name or password; put what your server needs into the query, and check the signature',
  });

const options = {
  input: z.record(z.string(), z.unknown(), { error: 'must be an object with the inputs of the version' }),
  webhook: WEBHOOK_URL.nullish(),
  webhook_events_filter: z.array(z.enum(WEBHOOK_EVENTS)).nullish(),
  /** Long out of use; old clients still send both. */
  webhook_completed: z.string().nullish(),
  stream: z.boolean().nullish(),
};

/** The body of `POST /models/…/predictions` and `POST /deployments/…/predictions`; other fields are refused. */
export const predictionBodySchema = z.strictObject(options);
/** The body of `POST /predictions`. `version`: 64 hex digits, `owner/name`, or `owner/name:` and 64 hex digits. */
export const versionedPredictionBodySchema = z.strictObject({ version: z.string(), ...options });
export type PredictionBody = z.infer<typeof predictionBodySchema>;

/** A date is its first moment in UTC. */
const instantSchema = z.union([z.iso.datetime({ offset: true }), z.iso.date()], {
  error: 'must be an ISO 8601 date or date-time such as 2026-01-31T12:00:00Z',
});

export const predictionListQuerySchema = z.object({
  cursor: z.string().optional(),
  /** Or at it; an ISO 8601 date or date-time. */
  created_after: instantSchema.optional(),
  created_before: instantSchema.optional(),
  /** `web`: those of the web UI, of the last 14 days. */
  source: z.enum(['web', 'api']).optional(),
  /** Ours, from here on. */
  status: z.enum(WIRE_STATUSES).optional(),
  /** `owner/name` */
  model: z.string().optional(),
  /** `owner/name` of one that a user made. */
  deployment: z.string().optional(),
});
export type PredictionFilters = Omit<z.infer<typeof predictionListQuerySchema>, 'cursor'>;
