/** Speaks to a model server over real HTTP, and takes out of the answers what differs from run to run. */
import { type Model, type ModelServer, readSettings, startServer } from '../src/index.ts';

type Env = Readonly<Record<string, string>>;

/** A server on a free port of this machine. */
export const startQuietly = (model: Model, flags: readonly string[] = [], env: Env = {}): Promise<ModelServer> =>
  startServer(model, {
    settings: readSettings(['--host', '127.0.0.1', ...flags], { PORT: '0', ...env }),
    print: () => undefined,
  });

export interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: unknown;
}

/** Asks a server. A body that is a string is sent as it is. */
export async function ask(
  server: ModelServer,
  request: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const [method = 'GET', path = '/'] = request.split(' ');
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const contentType = response.headers.get('content-type');
  const value: unknown = contentType === 'application/json' ? JSON.parse(text) : text;
  return { status: response.status, contentType, body: timeless(value) };
}

export const ASYNC = { prefer: 'respond-async' };

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00$/;

/** Times become TIME, run times SECONDS and stack traces their first line. Anything else stays. */
export function timeless(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => timeless(item));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, timeless(item, name)]));
  }
  if ((key === 'started_at' || key === 'completed_at') && typeof value === 'string') {
    return TIME.test(value) ? 'TIME' : `not a time: ${value}`;
  }
  if (key === 'predict_time' && typeof value === 'number') return value >= 0 ? 'SECONDS' : `negative: ${value}`;
  if (key === 'logs' && typeof value === 'string') return value.replaceAll(/^ {4}at .*\n/gm, '');
  return value;
}
