import { setTimeout as pause } from 'node:timers/promises';
import { isTerminal } from './book.ts';
import { type Api, type Listed, listed } from './views.ts';

const LOOK_EVERY_MS = 1_000;
/** Nothing ends for so long: what is left will not end by itself. Longer than any deadline of a run. */
const PATIENCE_MS = 180_000;

/** Waits until every prediction has ended, as long as some do. Answers the last look. */
export async function settle(api: Api, say: (line: string) => void): Promise<Map<string, Listed>> {
  let fewest = Number.POSITIVE_INFINITY;
  let progressAt = performance.now();
  for (;;) {
    try {
      const all = await listed(api);
      const left = [...all.values()].filter(({ status }) => !isTerminal(status)).length;
      if (left < fewest) {
        fewest = left;
        progressAt = performance.now();
        say(`${left} predictions have not ended yet`);
      }
      if (left === 0 || performance.now() - progressAt > PATIENCE_MS) return all;
    } catch (error) {
      if (performance.now() - progressAt > PATIENCE_MS) throw error;
      // The API may just be coming back.
    }
    await pause(LOOK_EVERY_MS);
  }
}
