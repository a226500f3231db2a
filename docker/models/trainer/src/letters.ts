/** A Markov chain over letters: which letters followed each context of `order` letters, and how often. */
export interface Letters {
  readonly order: number;
  readonly followers: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Counts one text. `onProgress` is given the share that is done, about every hundredth and at the end; it may throw to stop. */
export async function countLetters(
  text: string,
  order: number,
  onProgress: (share: number) => void | Promise<void>,
): Promise<Letters> {
  const letters = Array.from(text);
  const followers: Record<string, Record<string, number>> = Object.create(null);
  const step = Math.max(1, Math.ceil(letters.length / 100));
  for (let at = order; at < letters.length; at++) {
    const context = letters.slice(at - order, at).join('');
    const next = letters[at] ?? '';
    followers[context] ??= Object.create(null) as Record<string, number>;
    followers[context][next] = (followers[context][next] ?? 0) + 1;
    if ((at - order) % step === 0) await onProgress((at - order) / (letters.length - order));
  }
  await onProgress(1);
  return { order, followers };
}

/**
 * Goes on from `start`, at most `length` letters, until a context that was never seen. The same seed gives the same text.
 * A start that is shorter than a context, or unknown, begins with the first context of the training text.
 */
export function* writeLetters({ order, followers }: Letters, start: string, length: number, seed: number) {
  const random = mulberry32(seed);
  const [first = ''] = Object.keys(followers);
  const given = Array.from(start).slice(-order).join('');
  let context = followers[given] ? given : first;
  if (context !== given) yield context;
  for (let n = 0; n < length; n++) {
    const next = choose(followers[context] ?? {}, random());
    if (next === null) return;
    yield next;
    context = Array.from(context + next)
      .slice(-order)
      .join('');
  }
}

function choose(weights: Readonly<Record<string, number>>, share: number): string | null {
  const entries = Object.entries(weights);
  let left = share * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [letter, weight] of entries) {
    left -= weight;
    if (left < 0) return letter;
  }
  return null;
}

/** A small random generator, well known under this name: 32 bits of state, numbers from 0 to 1. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
