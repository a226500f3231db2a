import {
  type BootBackoff,
  type BootFailures,
  bootBackoff,
  type Demand,
  type Deployment,
  type Failure,
  type Instance,
  type Millis,
  type NeedHistory,
  NO_USE,
  type PooledGaps,
  seeUse,
  type UseHistory,
  withBoot,
  withBootFailure,
} from '@hearth/core';
import { Fifo } from './fifo.ts';
import { Past } from './past.ts';

/** A deployment of the virtual fleet; its demand comes from the trace. */
export interface SimDeployment extends Pick<Deployment, 'id' | 'need' | 'policy'> {
  /** From the decision to boot until it is ready. */
  readonly bootMs: number;
}

/** One prediction that has arrived. */
export interface Asked {
  readonly at: Millis;
  readonly runMs: number;
}

/** An instance and what it runs. */
export interface Server {
  instance: Instance;
  readonly model: Model;
  readonly bootsSince: Millis;
  readonly running: Set<Asked>;
}

/** There are no releases in a simulation, and no fallback. */
export const RELEASE = { versionId: '', hardwareSku: '', fallback: [] } as const;

/** One deployment, what waits for it and what the store would remember of it. */
export class Model {
  readonly spec: SimDeployment;
  readonly queue = new Fifo<Asked>();
  /** In order of age. */
  readonly servers = new Set<Server>();
  readonly past = new Past();
  inFlight = 0;
  /** When one of its instances last took or ended a prediction. */
  lastUsedAt: Millis | null = null;
  #use: UseHistory = NO_USE;
  #failures: BootFailures | null = null;
  #backoff: BootBackoff | null = null;
  #seen: Deployment | null = null;

  constructor(spec: SimDeployment) {
    this.spec = spec;
  }

  /** Whether a scheduler has to look at it: asked for, running, kept, waiting after a failure, or expecting a use. */
  isConcerned(now: Millis): boolean {
    const { queue, servers, spec } = this;
    if (queue.length > 0 || servers.size > 0 || this.#backoff !== null || spec.policy.minInstances > 0) return true;
    return now < (this.#expectsUntil ?? -Infinity);
  }

  /** Until when a use is expected; null: none is. */
  get #expectsUntil(): Millis | null {
    const { window, idleSince } = this.#use;
    if (this.spec.policy.keepAlive.kind !== 'auto' || window === null || idleSince === null) return null;
    return window.fromMs > 0 ? idleSince + window.untilMs : null;
  }

  /** What one look adds to what is known of its use; answers what everybody's gaps then are. */
  look(pooled: PooledGaps, now: Millis): PooledGaps {
    const unfinished = this.queue.length + this.inFlight;
    const seen = { unfinished, oldestWaitingAt: this.queue.peek()?.at ?? null, lastUsedAt: this.lastUsedAt };
    const learned = seeUse({ history: this.#use, pooled }, seen, now);
    this.#use = learned.history;
    return learned.pooled;
  }

  /** What a scheduler reads of it. */
  get seen(): Deployment {
    if (this.#seen === null) throw new Error(`${this.spec.id} is read before anybody looked at it`);
    return this.#seen;
  }

  /** Brings up to date what is read of it: the same object as long as it says the same. */
  see(history: NeedHistory, now: Millis): void {
    const demand = this.#demand();
    const [measures, use, backoff] = [this.past.measures(now), this.#use, this.#backoff];
    const before = this.#seen;
    const isSame =
      before?.demand === demand &&
      before.measures === measures &&
      before.history === history &&
      before.use === use &&
      before.backoff === backoff;
    if (isSame) return;
    const { id, need, policy } = this.spec;
    this.#seen = { ...RELEASE, id, need, policy, demand, measures, history, use, backoff };
  }

  /** Whether time alone changes what is read of it: how many runs ended lately, or whether a use is expected. */
  get isAging(): boolean {
    return this.#expectsUntil !== null || (this.#seen?.measures.runsPerSecond ?? 0) > 0;
  }

  #demand(): Demand {
    const [waiting, oldestWaitingAt] = [this.queue.length, this.queue.peek()?.at ?? null];
    const before = this.#seen?.demand;
    const isSame =
      before?.waiting === waiting && before.inFlight === this.inFlight && before.oldestWaitingAt === oldestWaitingAt;
    return before !== undefined && isSame ? before : { waiting, inFlight: this.inFlight, oldestWaitingAt };
  }

  bootSucceeded(from: Millis, to: Millis): void {
    this.past.booted({ place: from, ready: to });
    this.#use = withBoot(this.#use, to - from);
    this.#failures = null;
    this.#backoff = null;
  }

  /** Answers how many of those that wait fail with it. */
  bootFailed(from: Millis, failure: Failure): number {
    this.#failures = withBootFailure(this.#failures, failure, from);
    this.#backoff = bootBackoff(
      this.#failures,
      [...this.servers].some(({ instance }) => instance.state === 'ready'),
    );
    const until = this.#backoff.failWaitingUntil ?? -Infinity;
    let failed = 0;
    while ((this.queue.peek()?.at ?? Infinity) < until) {
      this.queue.take();
      failed++;
    }
    return failed;
  }
}
