import type { CogPredictionRequest, CogTerminalStatus } from '@hearth/contract';
import type { ModelClient, StartAnswer } from '@hearth/dispatcher/src/model/model-client.ts';
import type { BootSpec } from '@hearth/scheduler/src/runtime/runtime.ts';
import type { Random } from '@hearth/sim';
import type { Behavior } from './scenario.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What really happened to an attempt, whatever anybody was told of it. */
export interface ModelRun {
  readonly cogId: string;
  readonly instanceId: string;
  readonly startedAt: number;
  endedAt: number | null;
  status: CogTerminalStatus | null;
  /** When a dispatcher heard of its end. */
  heardAt: number | null;
  /** A cancel that it obeys. */
  isCanceled: boolean;
  /** Its slot is taken. */
  isHeld: boolean;
}

export interface ServerRoom {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly trace: (who: string, what: string) => void;
  /** One try at a report: when the dispatcher heard it; null where it is to be tried again. */
  readonly report: (webhook: string, token: string, body: object) => Promise<number | null>;
  /** A server took a prediction. */
  readonly took: (run: ModelRun) => void;
  /** A prediction took its server down. */
  readonly crash: (instanceId: string) => void;
  /** Whether the network between a server and the platform is there. */
  readonly isCutOff: (instanceId: string) => boolean;
}

/** Cog's tries at its last report. */
const RETRY_MS = [100, 200, 400, 800, 1_600, 3_200, 5_000];
const SHORT_CALL_MS = 5_000;
const HEALTH_CALL_MS = 12_000;
const HANGING_MS = 24 * 3_600_000;

/** The server of one instance, with Cog's protocol as far as its calls go. */
export class ModelServer {
  readonly spec: BootSpec;
  readonly #room: ServerRoom;
  readonly #runs = new Map<string, ModelRun>();
  isDown = false;
  hangsUntil = 0;

  constructor(spec: BootSpec, room: ServerRoom) {
    this.spec = spec;
    this.#room = room;
  }

  /** What it holds. */
  get held(): readonly ModelRun[] {
    return [...this.#runs.values()].filter(({ isHeld }) => isHeld);
  }

  get isFull(): boolean {
    return this.held.length >= Number(this.spec.env.COG_MAX_CONCURRENCY ?? 1);
  }

  async start({ id = '', input = {}, webhook = '' }: CogPredictionRequest): Promise<StartAnswer> {
    if (!(await this.#answers())) return { kind: 'torn', error: 'the server went away' };
    if (this.isFull) return { kind: 'busy' };
    const { time, took } = this.#room;
    const run: ModelRun = {
      cogId: String(id),
      instanceId: this.spec.instanceId,
      startedAt: time.now(),
      endedAt: null,
      status: null,
      heardAt: null,
      isCanceled: false,
      isHeld: true,
    };
    took(run);
    this.#runs.set(run.cogId, run);
    const behavior = input.behavior as Behavior;
    const over = this.#play(run, behavior, String(webhook));
    if (behavior.kind !== 'waits') return { kind: 'accepted' };
    await over;
    if (this.isDown || run.status === null) return { kind: 'torn', error: 'the server went away' };
    run.isHeld = false;
    return { kind: 'ended', report: { ...lastReport(run) } };
  }

  /** Of a client that waits only so long. */
  cancel(id: string): ReturnType<ModelClient['cancel']> {
    const told = async (): ReturnType<ModelClient['cancel']> => {
      if (!(await this.#answers())) return 'unreached';
      const run = this.#runs.get(id);
      if (run === undefined || run.endedAt !== null) return 'unknown';
      run.isCanceled = true;
      return 'told';
    };
    return Promise.race([told(), this.#room.time.pause(SHORT_CALL_MS, null).then(() => 'unreached' as const)]);
  }

  health(): ReturnType<ModelClient['health']> {
    const said = async (): ReturnType<ModelClient['health']> => {
      if (!(await this.#answers())) return null;
      return this.isFull ? 'BUSY' : 'READY';
    };
    return Promise.race([said(), this.#room.time.pause(HEALTH_CALL_MS, null).then(() => null)]);
  }

  /** Its process has ended. */
  end(): void {
    this.isDown = true;
    for (const run of this.held) {
      run.endedAt ??= this.#room.time.now();
      run.isHeld = false;
    }
  }

  /** False where it has ended by the time that it would answer. */
  async #answers(): Promise<boolean> {
    const { time } = this.#room;
    while (this.hangsUntil > time.now() && !this.isDown) await time.pause(100, null);
    return !this.isDown;
  }

  /** Resolves when it has ended; its last report is another matter. */
  async #play(run: ModelRun, behavior: Behavior, webhook: string): Promise<void> {
    const { time, crash } = this.#room;
    const isEndless = behavior.kind === 'hangs' || behavior.kind === 'ignores';
    const runMs = isEndless ? HANGING_MS : behavior.runMs;
    for (let said = 1; said <= behavior.reports; said++)
      time.after((runMs * said) / (behavior.reports + 1), () => void this.#tell(run, webhook, said), null);
    const until = run.startedAt + runMs;
    const isObeyed = (): boolean => run.isCanceled && behavior.kind !== 'ignores';
    while (time.now() < until && !isObeyed()) {
      // A cancel is looked for now and then; what ends soon ends to the millisecond.
      await time.pause(Math.min(250, until - time.now()), null);
      if (!(await this.#answers())) return;
    }
    if (behavior.kind === 'crashes' && !isObeyed()) return crash(this.spec.instanceId);
    run.endedAt = time.now();
    run.status = isObeyed() ? 'canceled' : behavior.kind === 'fails' ? 'failed' : 'succeeded';
    this.#room.trace(this.spec.instanceId, `${run.cogId} ${run.status} after ${run.endedAt - run.startedAt} ms`);
    if (behavior.kind !== 'waits') void this.#insist(run, webhook);
  }

  async #insist(run: ModelRun, webhook: string): Promise<void> {
    const { time, random } = this.#room;
    const body = lastReport(run);
    for (let tries = 0; !this.isDown; tries++) {
      run.heardAt = await this.#reported(webhook, body);
      if (run.heardAt !== null) break;
      await time.pause(RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] ?? 0, null);
    }
    // Another one on its way, as proxies and impatient clients make them.
    if (random() < 0.1) time.after(random() * 3_000, () => void this.#reported(webhook, body), null);
    await time.pause(random() * 20, null);
    run.isHeld = false;
  }

  async #tell(run: ModelRun, webhook: string, said: number): Promise<void> {
    const { time, random } = this.#room;
    if (this.isDown || run.endedAt !== null) return;
    const body = { status: 'processing', logs: 'line\n'.repeat(said), output: many(said) };
    // Some come late, and out of order.
    await time.pause(random() < 0.2 ? random() * 5_000 : 0, null);
    await this.#reported(webhook, body);
  }

  async #reported(webhook: string, body: object): Promise<number | null> {
    if (this.isDown || this.#room.isCutOff(this.spec.instanceId)) return null;
    return this.#room.report(webhook, this.spec.env.WEBHOOK_AUTH_TOKEN ?? '', body);
  }
}

const many = (count: number): string[] => Array.from({ length: count }, (_, n) => `piece ${n}`);
const iso = (at: number): string => new Date(at).toISOString();

/** As Cog says it: only a success has its time in the metrics. */
function lastReport({ status, startedAt, endedAt }: ModelRun) {
  if (status === null || endedAt === null) throw new Error('it has not ended');
  const times = { started_at: iso(startedAt), completed_at: iso(endedAt), logs: 'the end\n' };
  if (status !== 'succeeded') return { status, error: status === 'failed' ? 'no good' : null, ...times };
  return { status, output: 'done', metrics: { predict_time: (endedAt - startedAt) / 1_000 }, ...times };
}
