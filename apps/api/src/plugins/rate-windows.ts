import type { FastifyRateLimitStore } from '@fastify/rate-limit';
import { systemNow } from '@hearth/kit';

/** So many callers are remembered; the one that was counted longest ago is forgotten first. */
const REMEMBERED = 5_000;

/**
 * Counts what each caller sends within a window, in the memory of this process. In place of the plugin's own store, which
 * gives all that come at once the same object: each then sees the count of the last of them, and where that is one too many
 * none is let in.
 */
export class RateWindows implements FastifyRateLimitStore {
  readonly #windows = new Map<string, { count: number; endsAt: number }>();

  incr(caller: string, answer: Parameters<FastifyRateLimitStore['incr']>[1], windowMs: number): void {
    const now = systemNow();
    const known = this.#windows.get(caller);
    const window = known !== undefined && known.endsAt > now ? known : { count: 0, endsAt: now + windowMs };
    window.count++;
    this.#windows.delete(caller);
    this.#windows.set(caller, window);
    for (const oldest of this.#windows.keys()) {
      if (this.#windows.size <= REMEMBERED) break;
      this.#windows.delete(oldest);
    }
    answer(null, { current: window.count, ttl: window.endsAt - now });
  }

  child(): RateWindows {
    return new RateWindows();
  }
}
