import { type Owner, running, type VirtualTime } from './virtual-time.ts';

/** Where one incarnation breaks: at a call of a port, before or after what the call does has been done. */
export interface Breakpoint {
  /** The n-th call, from 0; or the first one whose name begins like this. */
  readonly call: number | string;
  readonly when: 'before' | 'after';
  /** `dies`: as by kill -9. `fails`: the call throws, as where a connection breaks. */
  readonly how: 'dies' | 'fails';
}

export interface IncarnationOptions {
  /** `dispatcher-2` */
  readonly name: string;
  readonly time: VirtualTime;
  readonly breakpoints: readonly Breakpoint[];
  /** How long the way to a port takes, and the way back. */
  readonly latencyMs: () => number;
  readonly trace: (who: string, what: string) => void;
  readonly died: (who: Incarnation) => void;
  /** Whose call changes the world from now on, until the next; null: nobody's. */
  readonly acts: (who: Incarnation | null) => void;
}

/** As the store's lead has it: who could not say that it leads for so long acts no more, and is replaced a second later. */
const STEP_BACK_MS = 5_000;
export const SILENT_MS = 6_000;

/** A store or a broker that is away, in words that no room reads. */
class BrokenConnection extends Error {
  override readonly name = 'BrokenConnection';
}

/**
 * One life of a server process. All that it does to the world goes through {@link call} and {@link fire}: once it is over,
 * nothing that it began has any effect and none of its promises settles, as if the process had been killed at that await.
 */
export class Incarnation implements Owner {
  readonly name: string;
  readonly #options: IncarnationOptions;
  #isOver = false;
  #pausedUntil = 0;
  #isLeading = true;
  readonly #met = new Set<Breakpoint>();
  /** Of ports, so far. */
  calls = 0;
  readonly #dying: (() => void)[] = [];

  constructor(options: IncarnationOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get pausedUntil(): number {
    return this.#pausedUntil;
  }

  get #stillForMs(): number {
    return Math.max(0, this.#pausedUntil - this.#options.time.now());
  }

  /** Whether it may still act: after a pause that is long enough for another to take over it knows that it may not. */
  get isLeading(): boolean {
    return this.#isLeading;
  }

  /** Stands still for so long, in the middle of whatever it does. */
  pause(ms: number): void {
    if (ms >= STEP_BACK_MS) this.#isLeading = false;
    this.#options.trace(this.name, `is paused for ${ms} ms`);
    this.#pausedUntil = this.#options.time.now() + ms;
  }

  die(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.trace(this.name, `dies: ${why}`);
    for (const tell of this.#dying) tell();
    this.#options.died(this);
  }

  /** Called when it dies. */
  whenDead(tell: () => void): void {
    this.#dying.push(tell);
  }

  /** Runs code as this process. */
  run<T>(work: () => T): T {
    return running.run(this, work);
  }

  /** A call of a port that answers. */
  async call<T>(what: string, effect: () => Promise<T>): Promise<T> {
    const { latencyMs, trace, acts } = this.#options;
    const breakpoint = this.#reached(what);
    // What comes to a process that stands still, as a ticket does, waits for it.
    while (this.#stillForMs > 0) await this.#pass(this.#stillForMs);
    await this.#pass(latencyMs());
    if (breakpoint?.when === 'before') await this.#break(breakpoint, what);
    trace(this.name, what);
    acts(this);
    const effected = running.exit(effect);
    acts(null);
    const [answer] = await Promise.allSettled([effected]);
    if (breakpoint?.when === 'after') await this.#break(breakpoint, what);
    await this.#pass(latencyMs());
    // Nor does it hear of an answer.
    while (this.#stillForMs > 0) await this.#pass(this.#stillForMs);
    if (answer.status === 'rejected') throw answer.reason;
    return answer.value;
  }

  /** A call of a port that nobody waits for. */
  fire(what: string, effect: () => void): void {
    if (this.#isOver) return;
    const breakpoint = this.#reached(what);
    if (breakpoint?.how === 'dies' && breakpoint.when === 'before') return this.die(`before ${what}`);
    this.#options.trace(this.name, what);
    running.exit(effect);
    if (breakpoint?.how === 'dies') this.die(`after ${what}`);
  }

  /** Never resolves where it is over by then. */
  async #pass(ms: number): Promise<void> {
    if (ms > 0 && !this.#isOver) await this.#options.time.pause(ms, null);
    if (this.#isOver) await never();
  }

  #reached(what: string): Breakpoint | undefined {
    const index = this.calls++;
    const reached = this.#options.breakpoints.find(
      (one) => !this.#met.has(one) && (typeof one.call === 'number' ? one.call === index : what.startsWith(one.call)),
    );
    if (reached) this.#met.add(reached);
    return reached;
  }

  async #break({ how, when }: Breakpoint, what: string): Promise<void> {
    if (how === 'fails') throw new BrokenConnection(`the connection broke ${when} ${what}`);
    this.die(`${when} ${what}`);
    await never();
  }
}

export const never = (): Promise<never> => new Promise(() => {});
