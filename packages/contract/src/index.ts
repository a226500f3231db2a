export { type Client, createClient } from './client/client.ts';
export { ApiError } from './client/http.ts';
export type { RunTarget } from './client/predictions.ts';
export * from './north/index.ts';
export * from './south/index.ts';
