import { setTimeout as pause } from 'node:timers/promises';
import type { Book } from './book.ts';
import { type Api, notEnded } from './views.ts';

const LOOK_EVERY_MS = 1_000;
/** Nothing ends for so long: what is left will not end by itself. Longer than any deadline of a run. */
const PATIENCE_MS = 180_000;

/** Waits until every prediction has ended and nobody asks for one, as long as that goes on. What stays is found by the checks. */
export async function settle(api: Api, book: Book, say: (line: string) => void): Promise<void> {
  let fewest = Number.POSITIVE_INFINITY;
  let progressAt = performance.now();
  for (;;) {
    try {
      const left = book.asking + (await notEnded(api));
      if (left < fewest) {
        fewest = left;
        progressAt = performance.now();
        say(`${left} predictions have not ended yet`);
      }
      if (left === 0) return;
    } catch (error) {
      // The API may just be coming back.
      if (performance.now() - progressAt > PATIENCE_MS) throw error;
    }
    if (performance.now() - progressAt > PATIENCE_MS) return;
    await pause(LOOK_EVERY_MS);
  }
}
