import { type InvalidField, type ProblemBody, problemSchema } from '../north/errors.ts';
import type { WirePage } from '../north/page.ts';
import { readStreamEvents, type StreamEvent } from '../north/stream.ts';

export interface ClientOptions {
  /** With or without `/v1`. */
  readonly baseUrl: string;
  /** Left out where a browser's session says who asks. */
  readonly token?: string;
  /** Left out: the global one. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** An answer of 400 or above. `code` is null where something that is not Hearth answered. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: ProblemBody['code'] | null;
  readonly title: string;
  readonly detail: string;
  readonly invalidFields: readonly InvalidField[];
  constructor(status: number, problem: ProblemBody | null, text: string) {
    const title = problem?.title ?? `HTTP ${status}`;
    const detail = problem?.detail ?? text.slice(0, 500);
    super(`${title}: ${detail}`);
    this.status = status;
    this.code = problem?.code ?? null;
    this.title = title;
    this.detail = detail;
    this.invalidFields = problem?.invalid_fields ?? [];
  }
}

export type Http = ReturnType<typeof createHttp>;

/** What every method of the client is made of: one request, with the token, and {@link ApiError} for a refusal. */
export function createHttp({ baseUrl, token, fetch = globalThis.fetch }: ClientOptions) {
  const base = `${baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1`;

  /** `path`: below `/v1`, or an absolute URL that the API gave. */
  async function request(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    const response = await fetch(URL.canParse(path) ? path : base + path, { ...init, method, headers });
    if (response.ok) return response;
    const text = await response.text();
    throw new ApiError(response.status, readProblem(text), text);
  }

  async function json<Answer>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer> {
    const init: RequestInit =
      body === undefined
        ? { ...(headers && { headers }) }
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
    const response = await request(method, path, init);
    return (await response.json()) as Answer;
  }

  const get = <Answer>(path: string) => json<Answer>('GET', path);

  return {
    json,
    get,
    post: <Answer>(path: string, body?: unknown) => json<Answer>('POST', path, body),
    async text(path: string): Promise<string> {
      const response = await request('GET', path);
      return response.text();
    },
    /** The lines of an answer of any length, as they come. */
    async *lines(path: string): AsyncGenerator<string> {
      const response = await request('GET', path);
      const decoder = new TextDecoder();
      let pending = '';
      for await (const chunk of response.body ?? []) {
        const lines = (pending + decoder.decode(chunk, { stream: true })).split('\n');
        pending = lines.pop() ?? '';
        yield* lines;
      }
      if (pending !== '') yield pending;
    },
    async empty(method: string, path: string): Promise<void> {
      const response = await request(method, path);
      await response.arrayBuffer();
    },
    async form<Answer>(path: string, form: FormData): Promise<Answer> {
      const response = await request('POST', path, { body: form });
      return (await response.json()) as Answer;
    },
    /** All pages of a list. */
    async every<Item>(path: string): Promise<Item[]> {
      const items: Item[] = [];
      for (let next: string | null = path; next !== null; ) {
        const page: WirePage<Item> = await get(next);
        items.push(...page.results);
        next = page.next;
      }
      return items;
    },
    async *events(
      url: string,
      { lastEventId, signal }: { lastEventId?: string; signal?: AbortSignal },
    ): AsyncGenerator<StreamEvent> {
      const headers = {
        accept: 'text/event-stream',
        ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
      };
      const response = await request('GET', url, { headers, ...(signal && { signal }) });
      if (response.body !== null) yield* readStreamEvents(response.body);
    },
  };
}

function readProblem(text: string): ProblemBody | null {
  try {
    return problemSchema.parse(JSON.parse(text));
  } catch {
    // Not one of our problems: a proxy's page, or another server. The caller gets the text.
    return null;
  }
}
