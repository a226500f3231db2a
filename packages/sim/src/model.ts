import {
  type BootBackoff,
  type BootFailures,
  bootBackoff,
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

  constructor(spec: SimDeployment) {
    this.spec = spec;
  }

  /** Whether a scheduler has to look at it: asked for, running, kept, waiting after a failure, or expecting a use. */
  isConcerned(now: Millis): boolean {
    const { queue, servers, spec } = this;
    if (queue.length > 0 || servers.size > 0 || this.#backoff !== null || spec.policy.minInstances > 0) return true;
    const { window, idleSince } = this.#use;
    if (spec.policy.keepAlive.kind !== 'auto' || window === null || idleSince === null) return false;
    return window.fromMs > 0 && now < idleSince + window.untilMs;
  }

  /** What one look adds to what is known of its use; answers what everybody's gaps then are. */
  look(pooled: PooledGaps, now: Millis): PooledGaps {
    const unfinished = this.queue.length + this.inFlight;
    const seen = { unfinished, oldestWaitingAt: this.queue.peek()?.at ?? null, lastUsedAt: this.lastUsedAt };
    const learned = seeUse({ history: this.#use, pooled }, seen, now);
    this.#use = learned.history;
    return learned.pooled;
  }

  seen(history: NeedHistory | null, now: Millis): Deployment {
    const { id, need, policy } = this.spec;
    return {
      ...RELEASE,
      id,
      need,
      policy,
      demand: { waiting: this.queue.length, inFlight: this.inFlight, oldestWaitingAt: this.queue.peek()?.at ?? null },
      measures: this.past.measures(now),
      history,
      use: this.#use,
      backoff: this.#backoff,
    };
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
