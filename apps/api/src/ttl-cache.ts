export interface TtlCache<Value> {
  /** The kept value, or what `load` answers. Callers that ask at once share one load. Failures and nulls are not kept. */
  get(key: string, load: () => Promise<Value>): Promise<Value>;
  forget(key: string): void;
  clear(): void;
}

/** Keeps what `load` answered for `ttlMs`, at most `max` entries, the oldest out first. */
export function createTtlCache<Value>(options: { ttlMs: number; max: number; now: () => number }): TtlCache<Value> {
  const entries = new Map<string, { value: Promise<Value>; until: number }>();
  return {
    get(key, load) {
      const kept = entries.get(key);
      if (kept && kept.until > options.now()) return kept.value;
      const value = load();
      const entry = { value, until: options.now() + options.ttlMs };
      const drop = (): void => {
        if (entries.get(key) === entry) entries.delete(key);
      };
      entries.delete(key);
      entries.set(key, entry);
      for (const oldest of entries.keys()) {
        if (entries.size <= options.max) break;
        entries.delete(oldest);
      }
      value.then((answer) => answer === null && drop(), drop);
      return value;
    },
    forget: (key) => entries.delete(key),
    clear: () => entries.clear(),
  };
}
