/** ISO 8601 in UTC with microseconds, as Python writes it: `2026-11-22T00:40:43.654138+00:00`. */
export function isoTime(epochMs: number): string {
  const micros = Math.round((epochMs - Math.floor(epochMs)) * 1000);
  const whole = new Date(Math.floor(epochMs) + (micros === 1000 ? 1 : 0)).toISOString();
  const fraction = `${whole.slice(20, 23)}${String(micros % 1000).padStart(3, '0')}`;
  return `${whole.slice(0, 19)}${fraction === '000000' ? '' : `.${fraction}`}+00:00`;
}

/** A stopwatch that reads the wall clock once, so that its end is never before its start. */
export function startStopwatch(): { readonly startedAtMs: number; readonly elapsedMs: () => number } {
  const startedAtMs = Date.now();
  const start = performance.now();
  return { startedAtMs, elapsedMs: () => Math.round((performance.now() - start) * 1000) / 1000 };
}
