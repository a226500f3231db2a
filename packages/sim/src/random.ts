/** Numbers in [0, 1). */
export type Random = () => number;

/** Mulberry32: depends on the seed alone. Good enough for traces, not for secrets. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Of mean 0 and deviation 1. */
export const gauss = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Log-normal: half are below the median, and `sigma` (0: all alike) says how far the tail goes. At least 1. */
export const spanMs = (random: Random, medianMs: number, sigma: number): number =>
  Math.max(1, Math.round(medianMs * Math.exp(sigma * gauss(random))));

/** One of several, by weight. */
export function oneOf<T>(random: Random, choices: readonly (readonly [weight: number, choice: T])[]): T {
  const total = choices.reduce((sum, [weight]) => sum + weight, 0);
  let left = random() * total;
  for (const [weight, choice] of choices) if ((left -= weight) < 0) return choice;
  const last = choices.at(-1);
  if (last === undefined) throw new RangeError('there is nothing to choose from');
  return last[1];
}
