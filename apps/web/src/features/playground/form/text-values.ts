/** How values are typed into boxes, and shown in them. */

/** A value on one line: a text as it is, anything else as JSON; nothing where there is none. */
export function writeText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** What was typed into a number's box. What is no number stays as it was typed, and the check says what is wrong with it. */
export function readNumber(text: string): number | string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const number = Number(trimmed);
  return NUMBER.test(trimmed) && Number.isFinite(number) ? number : trimmed;
}

/** What was typed into a box for JSON. What is no JSON is taken for a text: an input of any type takes it as that. */
export function readJson(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Half-typed JSON, or a plain text.
    return text;
  }
}

/** A value as {@link readJson} reads it back. */
export function writeJson(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'string' && typeof readJson(value) === 'string') return value;
  return JSON.stringify(value, null, 2);
}
