/** The OpenAPI document of a model, with the conventions of Cog's generation B. */
import { COG_STATUSES, COG_WEBHOOK_EVENTS } from '@hearth/contract/south/protocol';
import type { FieldSpec, Fields } from './field.ts';
import type { Model } from './model.ts';
import type { OutputSpec } from './output.ts';
import type { Trainer } from './trainer.ts';

type Schema = Record<string, unknown>;

/** An OpenAPI 3.0 document. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Record<string, unknown>;
  readonly components: { readonly schemas: Record<string, Schema> };
  /** Predictions at once. Cog says it in cog.yaml, which a folder of ours has none of. */
  readonly 'x-hearth-slots': number;
}

const titleOf = (name: string): string =>
  name
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())
    .join(' ');

const defined = (schema: Schema): Schema =>
  Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));

const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

function typeOf(spec: FieldSpec): Schema {
  switch (spec.kind) {
    case 'string':
      return { type: 'string', minLength: spec.minLength, maxLength: spec.maxLength, pattern: spec.pattern };
    case 'integer':
    case 'number':
      return { type: spec.kind, minimum: spec.min, maximum: spec.max };
    case 'boolean':
      return { type: 'boolean' };
    case 'choice':
      return enumOf(spec.choices);
    case 'file':
      return { type: 'string', format: 'uri' };
    case 'secret':
      return { type: 'string', format: 'password', writeOnly: true, 'x-cog-secret': true };
    case 'list':
      return { type: 'array', items: defined(typeOf(spec.item)) };
  }
}

const enumOf = (choices: readonly (string | number)[]): Schema => ({
  enum: choices,
  type: choices.every((choice) => typeof choice === 'string') ? 'string' : 'integer',
});

/** `title`: of the schema; `choicePrefix` keeps the choices of a trainer apart from those of its model. */
function inputSchemas(fields: Fields, title: string, choicePrefix = ''): Record<string, Schema> {
  const entries = Object.entries(fields);
  const properties = entries.map(([name, { spec }], order) => {
    const type =
      spec.kind === 'choice' ? { allOf: [ref(choicePrefix + name)] } : { title: titleOf(name), ...typeOf(spec) };
    const { description, deprecated } = spec;
    return [name, defined({ ...type, description, default: spec.default, deprecated, 'x-order': order })];
  });
  const required = entries.filter(([, { spec }]) => spec.required).map(([name]) => name);
  const choices = entries.flatMap(([name, { spec }]) =>
    spec.kind === 'choice'
      ? [[choicePrefix + name, { title: name, description: 'An enumeration.', ...enumOf(spec.choices) }]]
      : [],
  );
  return {
    [title]: {
      title,
      ...(required.length > 0 && { required }),
      type: 'object',
      properties: Object.fromEntries(properties),
    },
    ...Object.fromEntries(choices),
  };
}

function outputSchema(spec: OutputSpec, title?: string): Schema {
  const titled = title === undefined ? {} : { title };
  switch (spec.kind) {
    case 'any':
      return titled;
    case 'file':
      return { ...titled, type: 'string', format: 'uri' };
    case 'list':
      return { ...titled, type: 'array', items: outputSchema(spec.item) };
    case 'iterator':
      return {
        ...titled,
        type: 'array',
        items: outputSchema(spec.item),
        'x-cog-array-type': 'iterator',
        ...(spec.concatenate && { 'x-cog-array-display': 'concatenate' }),
      };
    case 'object': {
      const names = Object.keys(spec.properties);
      const properties = Object.entries(spec.properties).map(([name, item]) => [
        name,
        outputSchema(item, titleOf(name)),
      ]);
      return { ...titled, required: names, type: 'object', properties: Object.fromEntries(properties) };
    }
    default:
      return { ...titled, type: spec.kind };
  }
}

const enumeration = (title: string, values: readonly string[]): Schema => ({
  title,
  description: 'An enumeration.',
  enum: values,
  type: 'string',
});

const dateTime = (title: string): Schema => ({ title, type: 'string', format: 'date-time' });

/** What is sent and what is answered; `kind` names them, `prefix` the schemas of input and output. */
const exchangeSchemas = (kind: 'Prediction' | 'Training', prefix: '' | 'Training'): Record<string, Schema> => ({
  [`${kind}Request`]: {
    title: `${kind}Request`,
    type: 'object',
    properties: {
      input: ref(`${prefix}Input`),
      id: { title: 'Id', type: 'string' },
      created_at: dateTime('Created At'),
      context: { title: 'Context', type: 'object', additionalProperties: { type: 'string' } },
      webhook: { title: 'Webhook', maxLength: 65536, minLength: 1, type: 'string', format: 'uri' },
      webhook_events_filter: { type: 'array', items: ref('WebhookEvent'), default: COG_WEBHOOK_EVENTS },
    },
  },
  [`${kind}Response`]: {
    title: `${kind}Response`,
    type: 'object',
    properties: {
      input: ref(`${prefix}Input`),
      output: ref(`${prefix}Output`),
      id: { title: 'Id', type: 'string' },
      version: { title: 'Version', type: 'string' },
      created_at: dateTime('Created At'),
      started_at: dateTime('Started At'),
      completed_at: dateTime('Completed At'),
      logs: { title: 'Logs', type: 'string', default: '' },
      error: { title: 'Error', type: 'string' },
      status: ref('Status'),
      metrics: { title: 'Metrics', type: 'object' },
    },
  },
});

/** Schemas of the protocol itself, the same for every model. */
const PROTOCOL_SCHEMAS: Record<string, Schema> = {
  Status: enumeration('Status', COG_STATUSES),
  WebhookEvent: enumeration('WebhookEvent', COG_WEBHOOK_EVENTS),
  ...exchangeSchemas('Prediction', ''),
  ValidationError: {
    title: 'ValidationError',
    required: ['loc', 'msg', 'type'],
    type: 'object',
    properties: {
      loc: { title: 'Location', type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'integer' }] } },
      msg: { title: 'Message', type: 'string' },
      type: { title: 'Error Type', type: 'string' },
    },
  },
  HTTPValidationError: {
    title: 'HTTPValidationError',
    type: 'object',
    properties: { detail: { title: 'Detail', type: 'array', items: ref('ValidationError') } },
  },
};

const json = (schema: Schema) => ({ content: { 'application/json': { schema } } });
const answer = (description: string, schema: Schema) => ({ description, ...json(schema) });
const idParameter = (kind: 'Prediction' | 'Training') => ({
  required: true,
  schema: { title: `${kind} ID`, type: 'string' },
  name: `${kind.toLowerCase()}_id`,
  in: 'path',
});
const preferParameter = { required: false, schema: { title: 'Prefer', type: 'string' }, name: 'prefer', in: 'header' };
const plain = (summary: string, operationId: string, parameters?: readonly unknown[]) => ({
  summary,
  operationId,
  ...(parameters && { parameters }),
  responses: { '200': answer('Successful Response', {}) },
});
const run = (kind: 'Prediction' | 'Training', facts: Schema, parameters: readonly unknown[]) => ({
  ...facts,
  parameters,
  requestBody: json(ref(`${kind}Request`)),
  responses: {
    '200': answer('Successful Response', ref(`${kind}Response`)),
    '422': answer('Validation Error', ref('HTTPValidationError')),
  },
});

const PATHS = {
  '/': { get: plain('Root', 'root__get') },
  '/health-check': { get: plain('Healthcheck', 'healthcheck_health_check_get') },
  '/predictions': {
    post: run(
      'Prediction',
      {
        summary: 'Predict',
        description: 'Run a single prediction on the model',
        operationId: 'predict_predictions_post',
      },
      [preferParameter],
    ),
  },
  '/predictions/{prediction_id}': {
    put: run(
      'Prediction',
      {
        summary: 'Predict Idempotent',
        description: 'Run a single prediction on the model (idempotent creation).',
        operationId: 'predict_idempotent_predictions__prediction_id__put',
      },
      [idParameter('Prediction'), preferParameter],
    ),
  },
  '/predictions/{prediction_id}/cancel': {
    post: plain('Cancel', 'cancel_predictions__prediction_id__cancel_post', [idParameter('Prediction')]),
  },
  '/shutdown': { post: plain('Start Shutdown', 'start_shutdown_shutdown_post') },
};

const TRAINING_PATHS = {
  '/trainings': {
    post: run('Training', { summary: 'Train', operationId: 'train_trainings_post' }, [preferParameter]),
  },
  '/trainings/{training_id}': {
    put: run('Training', { summary: 'Train Idempotent', operationId: 'train_idempotent_trainings__training_id__put' }, [
      idParameter('Training'),
      preferParameter,
    ]),
  },
  '/trainings/{training_id}/cancel': {
    post: plain('Cancel Training', 'cancel_training_trainings__training_id__cancel_post', [idParameter('Training')]),
  },
};

const trainingSchemas = ({ fields, output }: Trainer): Record<string, Schema> => ({
  ...inputSchemas(fields, 'TrainingInput', 'Training_'),
  TrainingOutput: outputSchema(output, 'TrainingOutput'),
  ...exchangeSchemas('Training', 'Training'),
});

/** The document that `/openapi.json` answers and that the image label carries. Runs nothing of the model. */
export const openapiOf = (model: Model): OpenApiDocument => ({
  openapi: '3.0.2',
  info: { title: 'Cog', version: '0.1.0' },
  paths: { ...PATHS, ...(model.trainer && TRAINING_PATHS) },
  components: {
    schemas: {
      ...inputSchemas(model.fields, 'Input'),
      Output: outputSchema(model.output, 'Output'),
      ...PROTOCOL_SCHEMAS,
      ...(model.trainer && trainingSchemas(model.trainer)),
    },
  },
  'x-hearth-slots': model.concurrency,
});
