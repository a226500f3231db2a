/** The address that an upload is sent to, as `callbacks.ts` serves it. */
const UPLOAD_ADDRESS = /^https?:\/\/[^/]+\/uploads\/([^/]+)\/[^/]+\/([^/?#]+)$/;

/** What the container of one run has uploaded. */
export interface Uploads {
  stored(name: string, url: string): void;
  failed(name: string, why: string): void;
  /**
   * An output with our own upload addresses replaced by the URLs of what was stored there: Cog before 0.9.9 does not read
   * where a file went, and reports the address that it sent it to, which holds its instance's token. Of files of the same
   * name each is its own, in order. One that was never stored becomes null.
   */
  named(output: unknown): unknown;
  /** The error of a run that says it succeeded, though a file of its output is missing; null: none is. coglet does that. */
  readonly missing: string | null;
}

export function createUploads(instanceId: string): Uploads {
  const urls = new Map<string, string[]>();
  const failures = new Map<string, string>();

  const replaced = (output: unknown, taken: Map<string, number>): unknown => {
    if (typeof output === 'string') {
      const name = nameIn(output, instanceId);
      if (name === null) return output;
      const nth = taken.get(name) ?? 0;
      taken.set(name, nth + 1);
      const stored = urls.get(name) ?? [];
      return stored[nth] ?? stored.at(-1) ?? null;
    }
    if (Array.isArray(output)) return output.map((item) => replaced(item, taken));
    if (typeof output !== 'object' || output === null) return output;
    return Object.fromEntries(Object.entries(output).map(([key, item]) => [key, replaced(item, taken)]));
  };
  return {
    stored(name, url) {
      urls.set(name, [...(urls.get(name) ?? []), url]);
      failures.delete(name);
    },
    failed: (name, why) => failures.set(name, why),
    named(output) {
      try {
        return holdsAddress(output) ? replaced(output, new Map()) : output;
      } catch (error) {
        // Nested deeper than can be walked: it cannot be stored either, and that is said where it is tried.
        if (error instanceof RangeError) return output;
        throw error;
      }
    },
    get missing() {
      const [first] = failures;
      return first ? `Its output file ${first[0]} could not be stored: ${first[1]}` : null;
    },
  };
}

function nameIn(text: string, instanceId: string): string | null {
  const [, id, name] = UPLOAD_ADDRESS.exec(text) ?? [];
  if (id !== instanceId || name === undefined) return null;
  try {
    return decodeURIComponent(name);
  } catch {
    // No encoding of ours; then it is as it stands.
    return name;
  }
}

/** Long token lists are reported again and again; they are copied only when there is need. */
function holdsAddress(output: unknown): boolean {
  if (typeof output === 'string') return output.includes('/uploads/');
  if (typeof output !== 'object' || output === null) return false;
  return Object.values(output).some(holdsAddress);
}
