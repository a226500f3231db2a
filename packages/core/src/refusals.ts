import type { HardwareChoice } from './hardware-choice.ts';
import type { Host } from './resources.ts';
import { needKey } from './room-memory.ts';
import { nearestRefusal, type Refusal } from './why-not.ts';

/** More than these at once, and all are worked out again. */
const MOST = 256;

/** What is said of needs for which there is no room; it depends on what hosts there are, not on what they run. */
export class Refusals {
  readonly #known = new Map<string, Refusal>();

  of(hosts: readonly Host[], choices: readonly HardwareChoice[]): Refusal {
    const needs = choices.map(({ need }) => need);
    const key = needs.map(needKey).join('\n');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= MOST) this.#known.clear();
    const refusal = nearestRefusal(hosts, needs);
    this.#known.set(key, refusal);
    return refusal;
  }

  /** Hosts have changed. */
  clear(): void {
    this.#known.clear();
  }
}
