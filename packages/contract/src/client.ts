import { createBudgets } from './client-budgets.ts';
import { createCatalogue } from './client-catalogue.ts';
import { createUsage } from './client-usage.ts';
import type {
  AccountBody,
  AccountPatch,
  TokenBody,
  WireAccount,
  WireAccountShare,
  WireMember,
  WireNewToken,
  WireToken,
} from './north/account.ts';
import type { AuditFilters, WireAuditEntry } from './north/audit.ts';
import type {
  DeploymentBody,
  DeploymentPatch,
  WireDeployment,
  WireRelease,
  WireRolledBack,
} from './north/deployment.ts';
import { type InvalidField, type ProblemBody, problemSchema } from './north/errors.ts';
import type { WireExplanation } from './north/explain.ts';
import type { WireFile } from './north/file.ts';
import type { WireInstance, WireStatusPage } from './north/fleet.ts';
import type { HardwareBody, WireHardware, WireHardwarePrice } from './north/hardware.ts';
import type { WireInstanceUsage, WireLives, WireMetrics, WireWarmed } from './north/history.ts';
import type { HostBody, HostPatch, WireHost } from './north/host.ts';
import type { WirePage } from './north/page.ts';
import type { PredictionBody, PredictionFilters, WirePrediction } from './north/prediction.ts';
import { readStreamEvents, type StreamEvent } from './north/stream.ts';
import type { WirePredictionTimeline } from './north/timeline.ts';
import type { TrainingBody, WireTraining } from './north/training.ts';
import type { WireWebhookMessage, WireWebhookSecret } from './north/webhook.ts';
import { search } from './search-params.ts';

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

/** What to run: a deployment, a model's newest version (`owner/name`), or a version (`owner/name:<64 hex>`, `<64 hex>`). */
export type RunTarget = { readonly version: string } | { readonly deployment: string };

export interface CreateOptions {
  /** Seconds to hold the answer for the end of the prediction, at most 60. */
  readonly waitSeconds?: number;
  /** `30s`, `5m`: after this the prediction is canceled, wherever it stands. */
  readonly cancelAfter?: string;
}

export type Client = ReturnType<typeof createClient>;

/** A client of the whole API that the command line needs. Each method throws {@link ApiError} for an answer of 400 and above. */
export function createClient(options: ClientOptions) {
  const http = createHttp(options);
  const { get, post } = http;
  return {
    account: () => get<WireAccount>('/account'),
    ...createCatalogue(http),
    budgets: createBudgets(http),
    deployments: {
      list: () => http.every<WireDeployment>('/deployments'),
      get: (owner: string, name: string) => get<WireDeployment>(`/deployments/${part(owner)}/${part(name)}`),
      create: (body: DeploymentBody) => post<WireDeployment>('/deployments', body),
      update: (owner: string, name: string, body: DeploymentPatch) =>
        http.json<WireDeployment>('PATCH', `/deployments/${part(owner)}/${part(name)}`, body),
      /** All of them, newest first. */
      releases: (owner: string, name: string) =>
        http.every<WireRelease>(`/deployments/${part(owner)}/${part(name)}/releases`),
      /** A new release with the content of an earlier one; of the one before the current where it is left out. */
      rollback: (owner: string, name: string, release?: number) =>
        post<WireRolledBack>(`/deployments/${part(owner)}/${part(name)}/rollback`, { release }),
      /** What ended, how long it took and how many waited, step by step; of the last hour where it is left out. */
      metrics: (owner: string, name: string, range: { from?: string; to?: string } = {}) =>
        get<WireMetrics>(`/deployments/${part(owner)}/${part(name)}/metrics?${search(range)}`),
      /** Keeps one instance for so many seconds, whatever the minimum; 0 ends it. */
      warm: (owner: string, name: string, seconds?: number) =>
        post<WireWarmed>(`/deployments/${part(owner)}/${part(name)}/warm`, { seconds }),
      explain: (owner: string, name: string) =>
        get<WireExplanation>(`/deployments/${part(owner)}/${part(name)}/explain`),
      delete: (owner: string, name: string) => http.empty('DELETE', `/deployments/${part(owner)}/${part(name)}`),
    },
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
    hardware: {
      list: () => get<WireHardware[]>('/hardware'),
      put: (body: HardwareBody) => post<WireHardware>('/hardware', body),
      /** What was ever set, the newest first. */
      prices: (sku: string) => get<WireHardwarePrice[]>(`/hardware/${part(sku)}/prices`),
      remove: (sku: string) => http.empty('DELETE', `/hardware/${part(sku)}`),
    },
    status: () => get<WireStatusPage>('/status'),
    instances: (query: { all?: boolean; deployment?: string } = {}) =>
      http.every<WireInstance>(
        `/instances?${search({ all: query.all ? 'true' : undefined, deployment: query.deployment })}`,
      ),
    /** The last lines that an instance printed. */
    instanceLogs: (id: string) => http.text(`/instances/${part(id)}/logs`),
    /** What each did with its time; of the last hour where no range is given. */
    instanceLives: (query: { from?: string; to?: string; deployment?: string } = {}) =>
      get<WireLives>(`/instances/timeline?${search(query)}`),
    /** What instances did with each day, of the last week where no range is given. */
    instanceUsage: (range: { from?: string; to?: string } = {}) =>
      get<WireInstanceUsage>(`/usage/instances?${search(range)}`),
    /** It finishes what it holds and goes. */
    drainInstance: (id: string) => post<WireInstance>(`/instances/${part(id)}/drain`),
    /** It goes at once; what it held runs elsewhere. */
    stopInstance: (id: string) => post<WireInstance>(`/instances/${part(id)}/stop`),
    hosts: {
      list: () => get<WireHost[]>('/hosts'),
      get: (id: string) => get<WireHost>(`/hosts/${part(id)}`),
      /** It is checked at once, beside the answer. */
      add: (body: HostBody) => post<WireHost>('/hosts', body),
      update: (id: string, body: HostPatch) => http.json<WireHost>('PATCH', `/hosts/${part(id)}`, body),
      /** Done once `checked_at` of the host is not before `check_asked_at`. */
      check: (id: string) => post<WireHost>(`/hosts/${part(id)}/check`),
      /** `force`: though it runs instances, which then count as lost. */
      remove: (id: string, force: boolean) =>
        http.empty('DELETE', `/hosts/${part(id)}?${search({ force: String(force) })}`),
    },
    usage: createUsage(http),
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
    /** For operators. */
    accounts: {
      list: () => http.every<WireAccountShare>('/accounts'),
      get: (username: string) => get<WireAccountShare>(`/accounts/${part(username)}`),
      create: (body: AccountBody) => post<WireAccountShare>('/accounts', body),
      update: (username: string, body: AccountPatch) =>
        http.json<WireAccountShare>('PATCH', `/accounts/${part(username)}`, body),
    },
    /** The persons of an account. */
    members: {
      list: (username: string) => get<WireMember[]>(`/accounts/${part(username)}/members`),
      add: (username: string, body: { name: string; role: WireMember['role'] }) =>
        post<WireMember>(`/accounts/${part(username)}/members`, body),
      update: (username: string, name: string, role: WireMember['role']) =>
        http.json<WireMember>('PATCH', `/accounts/${part(username)}/members/${part(name)}`, { role }),
      /** With all of the member's tokens. */
      remove: (username: string, name: string) =>
        http.empty('DELETE', `/accounts/${part(username)}/members/${part(name)}`),
    },
    /** One page of what was changed, newest first; give `next` of a page for the one after it. */
    audit: (filters: AuditFilters | string = {}) =>
      get<WirePage<WireAuditEntry>>(typeof filters === 'string' ? filters : `/audit?${search(filters)}`),
    tokens: {
      /** Of one account; left out, of the one that asks. */
      list: (username?: string) => get<WireToken[]>(`/tokens?${search({ username })}`),
      create: (body: TokenBody) => post<WireNewToken>('/tokens', body),
      remove: (id: string) => http.empty('DELETE', `/tokens/${part(id)}`),
    },
  };
}

const part = encodeURIComponent;

export type Http = ReturnType<typeof createHttp>;

function createHttp({ baseUrl, token, fetch = globalThis.fetch }: ClientOptions) {
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
