const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** What `durationMs` takes, in words. */
export const DURATION_FORMS = 'a duration such as 500ms, 30s, 5m, 1h30m or 2d (a plain number is seconds)';

/**
 * `500ms`, `30s`, `5m`, `1h30m`, `2d`, or a plain number of seconds, as whole milliseconds.
 * @throws RangeError naming the value and what is allowed
 */
export function durationMs(text: string): number {
  const trimmed = text.trim();
  const plainSeconds = /^\d+(\.\d+)?$/.test(trimmed);
  const parts = plainSeconds ? [[trimmed, trimmed, 's']] : [...trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  const understood = parts.map(([whole]) => whole).join('') === trimmed && parts.length > 0;
  const ms = Math.round(parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit ?? ''] ?? NaN), 0));
  if (!understood || !Number.isSafeInteger(ms)) throw new RangeError(`"${text}" is not ${DURATION_FORMS}`);
  return ms;
}
