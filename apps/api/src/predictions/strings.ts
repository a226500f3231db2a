/** Deeper than this, an input is refused: no model needs it, and readers of the row would run out of stack. */
export const DEEPEST_INPUT = 64;

/** Every string in a JSON value, with its dotted path; null where it is nested deeper than {@link DEEPEST_INPUT}. */
export function stringsIn(value: unknown, path: string): { path: string; text: string }[] | null {
  const found: { path: string; text: string }[] = [];
  const open = [{ value, path, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value: current, path: at, depth } = next;
    if (depth > DEEPEST_INPUT) return null;
    if (typeof current === 'string') found.push({ path: at, text: current });
    else if (typeof current === 'object' && current !== null) {
      for (const [key, inner] of Object.entries(current)) {
        open.push({ value: inner, path: `${at}.${key}`, depth: depth + 1 });
      }
    }
  }
  return found;
}
