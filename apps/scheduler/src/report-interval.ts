/**
 * `COG_THROTTLE_RESPONSE_INTERVAL` of a server, in seconds: how long Cog's Python servers keep silent after each report. What
 * is new meanwhile goes out with whatever happens next, or at the end.
 *
 * Where the output comes piece by piece, every piece should go out when it is yielded, so the silence is next to nothing.
 * It is not nothing: each report repeats all output so far and holds up the next, and without a pause a fast model's
 * reports would fall ever further behind instead of joining several pieces in one. Below 0.1 s these servers leave out the
 * `start` event; the answer to the request says as much.
 *
 * Everybody else has only logs to tell of before the end: ten times a second is plenty.
 *
 * coglet holds back only logs.
 */
export function reportIntervalSeconds(openapiSchema: unknown): number {
  return isIterator(openapiSchema) ? 0.001 : 0.1;
}

const isIterator = (openapi: unknown): boolean =>
  at(at(at(at(openapi, 'components'), 'schemas'), 'Output'), 'x-cog-array-type') === 'iterator';

const at = (json: unknown, key: string): unknown =>
  typeof json === 'object' && json !== null ? Reflect.get(json, key) : undefined;
