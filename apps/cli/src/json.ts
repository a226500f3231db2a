/** What the text says as JSON; null where it is none (a file that was cut off, a line of something else). */
export function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller treats broken as absent.
    return null;
  }
}
