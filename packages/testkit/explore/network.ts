import type { ModelClient, StartAnswer } from '@hearth/dispatcher/src/model/model-client.ts';
import type { Network } from '@hearth/dispatcher/src/network.ts';
import { FakeRuntime } from '@hearth/scheduler/src/runtime/fake.ts';
import type { BootSpec } from '@hearth/scheduler/src/runtime/runtime.ts';
import type { TryOutcome } from '@hearth/store';
import type { Incarnation } from './incarnation.ts';
import { ModelServer, type ServerRoom } from './model-servers.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A host's runtime that says what it starts and ends. */
export class WatchedRuntime extends FakeRuntime {
  readonly hostId: string;
  readonly #seen: { readonly started: (spec: BootSpec, address: string) => void; readonly stops: (id: string) => void };

  constructor(
    hostId: string,
    time: VirtualTime,
    seen: { readonly started: (spec: BootSpec, address: string) => void; readonly stops: (id: string) => void },
  ) {
    super('process', { now: time.now, after: (ms, callback) => time.after(ms, callback, null) }, hostId);
    this.hostId = hostId;
    this.#seen = seen;
  }

  override async boot(...args: Parameters<FakeRuntime['boot']>): ReturnType<FakeRuntime['boot']> {
    const started = await super.boot(...args);
    this.#seen.started(args[0], started.address);
    return started;
  }

  override async stop(instanceId: string): Promise<void> {
    this.#seen.stops(instanceId);
    await super.stop(instanceId);
  }
}

interface Endpoint {
  readonly who: Incarnation;
  readonly app: ReturnType<Parameters<Network['createListening']>[0]['build']>;
}

/** A user's receiver: what it answers to a message. */
type Receive = (url: string, body: string) => number;

const CALLBACK_PORT = 7601;
/** How long a container waits for the answer to a report. */
const REPORT_PATIENCE_MS = 10_000;

/** Every socket of the simulated world: model servers by address, the dispatcher that listens, and users' receivers. */
export class SimulatedNetwork {
  readonly #time: VirtualTime;
  readonly #servers = new Map<string, ModelServer>();
  readonly #receive: Receive;
  #endpoint: Endpoint | null = null;
  /** When each attempt was sent by whom. */
  readonly sent = new Map<string, { readonly at: number; readonly by: Incarnation }>();
  /** Until when no container reaches the dispatcher. */
  cutUntil = 0;

  constructor(time: VirtualTime, receive: Receive) {
    this.#time = time;
    this.#receive = receive;
  }

  add(address: string, spec: BootSpec, room: Omit<ServerRoom, 'report'>): void {
    const report: ServerRoom['report'] = (webhook, token, body) => this.#report(webhook, token, body);
    this.#servers.set(address, new ModelServer(spec, { ...room, report }));
  }

  /** Those that are up. */
  get servers(): readonly ModelServer[] {
    return [...this.#servers.values()].filter(({ isDown }) => !isDown);
  }

  serverAt(address: string): ModelServer | null {
    const server = this.#servers.get(address);
    return server === undefined || server.isDown ? null : server;
  }

  serverOf(instanceId: string): ModelServer | null {
    return this.servers.find(({ spec }) => spec.instanceId === instanceId) ?? null;
  }

  /** As one incarnation of the dispatcher has it. `reaches`: whether the way to an instance's host is there. */
  of(who: Incarnation, reaches: (instanceId: string) => boolean): Network {
    const reached = (address: string): ModelServer | null => {
      const server = this.serverAt(address);
      return server !== null && reaches(server.spec.instanceId) ? server : null;
    };
    return {
      createModelClient: (address): ModelClient => ({
        start: (request, signal) => {
          this.sent.set(request.id, { at: this.#time.now(), by: who });
          return who
            .call<StartAnswer>(`model.start(${request.id})`, async () => {
              const server = reached(address);
              if (server === null) return { kind: 'unreached', error: 'connect ECONNREFUSED' };
              return Promise.race([server.start(request), tornBy(signal)]);
            })
            .catch((error: unknown) => ({ kind: 'torn', error: String(error) }));
        },
        cancel: (id) =>
          who
            .call(`model.cancel(${id})`, async () => reached(address)?.cancel(id) ?? ('unreached' as const))
            .catch(() => 'unreached' as const),
        health: () => who.call('model.health()', async () => reached(address)?.health() ?? null).catch(() => null),
        close: async () => {},
      }),
      createWebhookPost: () => ({
        send: async (url, _headers, body, signal) => {
          try {
            const sent = who.call(`webhook ${url}`, async () => this.#receive(url, body));
            return outcomeOf(await Promise.race([sent, abortOf(signal)]));
          } catch (error) {
            return { statusCode: null, error: String(error), durationMs: 0, answer: null };
          }
        },
        close: async () => {},
      }),
      createListening: ({ build }) => ({
        port: CALLBACK_PORT,
        open: () =>
          who.call('listening.open()', async () => {
            const app = who.run(build);
            await app.ready();
            this.#endpoint = { who, app };
          }),
        also: async () => {},
        close: async () => {
          if (this.#endpoint?.who === who) this.#endpoint = null;
        },
      }),
    };
  }

  /** When it was heard; null where it was refused, torn or answered with 5xx, and is to be tried again. */
  async #report(webhook: string, token: string, body: object): Promise<number | null> {
    const endpoint = this.#endpoint;
    if (endpoint === null || endpoint.who.isOver || this.cutUntil > this.#time.now()) return null;
    const { who, app } = endpoint;
    if (who.pausedUntil > this.#time.now()) await this.#time.pause(who.pausedUntil - this.#time.now(), null);
    const heardAt = this.#time.now();
    const answered = who.run(() =>
      app.inject({
        method: 'POST',
        url: webhook.replace(/^https?:\/\/[^/]+/, ''),
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        payload: JSON.stringify(body),
      }),
    );
    const late = this.#time.pause(REPORT_PATIENCE_MS, null).then(() => null);
    const dead = new Promise<null>((resolve) => who.whenDead(() => resolve(null)));
    const answer = await Promise.race([answered, late, dead]);
    return answer !== null && answer.statusCode < 500 ? heardAt : null;
  }
}

const outcomeOf = (statusCode: number): TryOutcome => ({ statusCode, error: null, durationMs: 1, answer: '' });

function abortOf(signal: AbortSignal): Promise<never> {
  if (signal.aborted) return Promise.reject(new Error(String(signal.reason)));
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error(String(signal.reason))), { once: true }),
  );
}

/** A request that its own sender lets go of. */
const tornBy = (signal: AbortSignal) =>
  abortOf(signal).catch((error: unknown) => ({ kind: 'torn' as const, error: String(error) }));
