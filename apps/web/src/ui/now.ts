import { useSyncExternalStore } from 'react';

/** One clock for everything on the page that counts seconds, so that it all changes at once; at rest while nobody looks. */
const TICK_MS = 1_000;
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function tick(): void {
  now = Date.now();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    now = Date.now();
    timer = setInterval(tick, TICK_MS);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** What `read` makes of the time, kept true. Renders anew only when that changes. */
export const useClock = <Value extends string | number | boolean>(read: (now: number) => Value): Value =>
  useSyncExternalStore(subscribe, () => read(now));
