import { z } from 'zod';
import { exceededBudgetSchema } from './budget.ts';
import { SCOPES } from './scope.ts';

/** One kind of refusal or failure of the HTTP API. `docs/errors.md` is held equal to this catalogue by a test. */
export interface ErrorKind {
  readonly status: number;
  readonly title: string;
  /** When a caller meets it, and what to do. */
  readonly when: string;
}

/**
 * Every error that the API answers with. Codes are stable; titles of the ones that Replicate has are Replicate's own.
 * Permanent refusals are 422 and never 409, because Replicate's second Python client retries 409.
 */
export const ERRORS = {
  'bad-request': {
    status: 400,
    title: 'Bad request',
    when: 'The request cannot be understood as HTTP or for this route: a broken multipart body, a malformed URL.',
  },
  'malformed-json': {
    status: 400,
    title: 'Malformed JSON',
    when: 'The body says that it is JSON and does not parse.',
  },
  unauthenticated: {
    status: 401,
    title: 'Unauthenticated',
    when: 'No token, an unknown token or a removed one. Send `Authorization: Bearer <token>`.',
  },
  'budget-exceeded': {
    status: 402,
    title: 'Budget exceeded',
    when: 'What the prediction may cost does not fit into what its account or its token may still spend; `budget` says which limit, and when it begins anew. Nothing was stored or queued. [Budgets](guides/budgets.md)',
  },
  forbidden: {
    status: 403,
    title: 'Not permitted',
    when: "The token is good, but this needs an operator's token, or belongs to another account.",
  },
  'insufficient-scope': {
    status: 403,
    title: 'The token lacks a scope',
    when: 'The token may not do this: `needed_scope` says what it would need, `token_scopes` what it has. [Scopes](guides/accounts.md#scopes)',
  },
  'url-expired': {
    status: 403,
    title: 'The URL is over',
    when: 'A signed URL of a file or of a stream is ours and its time is over. Ask for the prediction or the file again, and use the URL that it comes with.',
  },
  'cross-site': {
    status: 403,
    title: 'Request from another site',
    when: 'A request that changes something came with the session of the web UI, but not from a page of it. Programs send a token instead.',
  },
  'not-found': {
    status: 404,
    title: 'Not found',
    when: 'There is no such thing, or the token may not see it.',
  },
  'no-such-route': {
    status: 404,
    title: 'No such endpoint',
    when: 'The method and path lead nowhere.',
  },
  'request-timeout': {
    status: 408,
    title: 'Request timeout',
    when: 'The request took longer to arrive than the API waits for one.',
  },
  'body-too-large': {
    status: 413,
    title: 'Body too large',
    when: 'A JSON body above the limit. Upload large inputs to `/v1/files` and give their URL.',
  },
  'file-too-large': {
    status: 413,
    title: 'File too large',
    when: 'An uploaded file above the limit (`HEARTH_MAX_UPLOAD`, 100 MiB).',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    when: 'A body that is neither JSON nor, for `/v1/files`, multipart form data.',
  },
  'range-not-satisfiable': {
    status: 416,
    title: 'Range not satisfiable',
    when: 'A `Range` header that begins after the end of the file.',
  },
  'invalid-request': {
    status: 422,
    title: 'Request validation failed',
    when: 'A field of the request is missing, unknown or out of range; `invalid_fields` names each.',
  },
  'invalid-version': {
    status: 422,
    title: 'Invalid version or not permitted',
    when: 'The `version` of a prediction or deployment does not exist, or the token may not use it.',
  },
  'invalid-input': {
    status: 422,
    title: 'Input validation failed',
    when: "The `input` does not fit the version's schema; `invalid_fields` names each field. Nothing was stored or queued.",
  },
  'not-trainable': {
    status: 422,
    title: 'The version cannot be trained',
    when: 'A training of a version without a trainer: its schema has no `TrainingInput`.',
  },
  'name-taken': {
    status: 422,
    title: 'Name taken',
    when: 'There is a model or deployment of that owner and name already, or a host of that id.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'Idempotency key reused',
    when: 'The `Idempotency-Key` came with a different request within the last 24 hours. Send the same request, or another key.',
  },
  'deployment-in-use': {
    status: 422,
    title: 'Deployment in use',
    when: 'A deployment with unfinished predictions cannot be deleted. Cancel them or wait.',
  },
  'model-in-use': {
    status: 422,
    title: 'Model in use',
    when: 'A model is deleted when it is private, has no versions, and no import or training is about to make one.',
  },
  'last-owner': {
    status: 422,
    title: 'The last owner',
    when: 'An account has an owner at all times: the last one cannot be removed, nor become a member. Make another one an owner first.',
  },
  'version-in-use': {
    status: 422,
    title: 'Version in use',
    when: "A version that a deployment runs, that has unfinished predictions, or from which another account's version was trained cannot be deleted.",
  },
  'host-in-use': {
    status: 422,
    title: 'Host in use',
    when: 'A host that runs instances is removed when they are gone, or with `force=true`; the one that Hearth itself runs on never is.',
  },
  'hardware-in-use': {
    status: 422,
    title: 'Hardware in use',
    when: 'A SKU that a model, a deployment or the fallbacks of another SKU name, or that something runs or waits on, cannot be removed.',
  },
  'correction-key-taken': {
    status: 422,
    title: 'Correction key taken',
    when: 'A correction of that prediction was made under this `key` with another amount or reason. Choose another key.',
  },
  'instance-ended': {
    status: 422,
    title: 'The instance has ended',
    when: 'An instance that has stopped or failed cannot be drained or stopped.',
  },
  'switched-off': {
    status: 422,
    title: 'The deployment is switched off',
    when: 'A deployment whose maximum is 0 instances cannot be warmed up. Raise `max_instances` first.',
  },
  'not-an-example': {
    status: 422,
    title: 'The prediction cannot be an example',
    when: 'An example is a prediction on that model that has succeeded, still has its data, and was given no secret.',
  },
  'no-process-runtime': {
    status: 422,
    title: 'No host runs processes',
    when: 'A version was added from a folder, and no host has the process runtime.',
  },
  'import-failed': {
    status: 422,
    title: 'The version could not be added',
    when: 'The image or folder was looked at and cannot be used; the detail says why.',
  },
  'too-many-in-flight': {
    status: 429,
    title: 'Too many predictions in flight',
    when: 'The token has as many unfinished predictions as [its budget](guides/budgets.md) allows. Try again after `Retry-After` seconds, or when one of them has ended.',
  },
  throttled: {
    status: 429,
    title: 'Too many requests',
    when: 'More requests within a minute than [the limits](guides/configuration.md) allow. Try again after `Retry-After` seconds.',
  },
  'headers-too-large': {
    status: 431,
    title: 'Headers too large',
    when: 'The headers and the URL are more than 16 kB together.',
  },
  internal: {
    status: 500,
    title: 'Internal error',
    when: 'A fault of the platform. The log of the API has it under the `request_id` of the answer.',
  },
  unavailable: {
    status: 503,
    title: 'Unavailable',
    when: 'The database or the queue does not answer at the moment. Try again after `Retry-After` seconds.',
  },
  'import-unanswered': {
    status: 504,
    title: 'The version was not looked at in time',
    when: 'No scheduler answered within ten minutes. See that one runs, then add the version again.',
  },
  'storage-full': {
    status: 507,
    title: 'Storage full',
    when: 'The disk of the database, the queue or the files has no room. Nothing half-done is kept; it works again by itself once there is room. [What to do](guides/operations.md#when-a-disk-is-full).',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

const invalidFieldSchema = z.object({
  /** What is wrong, as one word: `required`, `invalid_type`, `additional_property_not_allowed`, … */
  type: z.string(),
  /** Dotted path, beginning with `input` for inputs. */
  field: z.string(),
  description: z.string(),
});
export type InvalidField = z.infer<typeof invalidFieldSchema>;

/** The body of every answer of 400 and above, sent as `application/problem+json`. */
export const problemSchema = z.object({
  title: z.string(),
  detail: z.string(),
  status: z.int(),
  code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
  invalid_fields: z.array(invalidFieldSchema).optional(),
  request_id: z.string().optional(),
  /** On a 403 for want of a scope: which it needs, and all that the token has. */
  needed_scope: z.enum([...SCOPES, 'operator']).optional(),
  token_scopes: z.array(z.enum(SCOPES)).optional(),
  /** Seconds, on a 429. */
  retry_after: z.int().optional(),
  /** On a 402. */
  budget: exceededBudgetSchema.optional(),
});
export type ProblemBody = z.infer<typeof problemSchema>;
