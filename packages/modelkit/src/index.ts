export { type Field, type Fields, field, type InputOf } from './field.ts';
export { defineModel, type Model, type ModelDefinition, type PredictRun, type SetupRun } from './model.ts';
export { type OpenApiDocument, openapiOf } from './openapi.ts';
export { type Output, output } from './output.ts';
export { COG_VERSION } from './responses.ts';
export { Secret } from './secret.ts';
export { serve } from './serve.ts';
export { type ModelServer, type ServerOptions, type StopReason, startServer } from './server.ts';
export { readSettings, type Settings } from './settings.ts';
