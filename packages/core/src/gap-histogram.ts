/** Milliseconds by which gaps are told apart: bins grow by 7%, which is about how far a timer's gaps spread. */
const RATIO = 1.07;
const FIRST_END_MS = 1_000;
/** Nobody is kept warm for longer on the strength of what was learned. */
const LONGEST_MS = 3 * 86_400_000;

/** Bin 0 holds gaps below a second, the last one all that are longer than three days. */
export const GAP_BINS = 2 + Math.ceil(Math.log(LONGEST_MS / FIRST_END_MS) / Math.log(RATIO));

/** How many gaps fell into each bin; not whole numbers, because old ones fade. Missing at the end: zeros. */
export type GapCounts = readonly number[];

/** The end of a bin in milliseconds, which is the start of the next; Infinity for the last. */
export const binEndMs: readonly number[] = Array.from({ length: GAP_BINS }, (_, bin) =>
  bin === GAP_BINS - 1 ? Infinity : FIRST_END_MS * RATIO ** bin,
);

/** What a gap in a bin lasts, roughly: the geometric middle. */
export const binMiddleMs: readonly number[] = binEndMs.map((end, bin) =>
  bin === 0 ? end / 2 : Number.isFinite(end) ? end / Math.sqrt(RATIO) : (binEndMs[bin - 1] ?? 0) * RATIO,
);

/** The bin of a gap; one that ends on an edge counts upwards, as 60 s does in [60 s, 64 s). */
export function gapBin(gapMs: number): number {
  if (!(gapMs >= FIRST_END_MS)) return 0;
  const bin = 1 + Math.floor(Math.log(gapMs / FIRST_END_MS) / Math.log(RATIO) + 1e-9);
  return Math.min(bin, GAP_BINS - 1);
}

export const countIn = (counts: GapCounts, bin: number): number => counts[bin] ?? 0;

export function total(counts: GapCounts): number {
  let sum = 0;
  for (let bin = 0; bin < counts.length; bin++) sum += counts[bin] ?? 0;
  return sum;
}

/** One more gap, after what was there has faded to `fade` of itself. */
export function withGap(counts: GapCounts, gapMs: number, fade: number): GapCounts {
  const bin = gapBin(gapMs);
  const faded = counts.map((n) => n * fade);
  while (faded.length <= bin) faded.push(0);
  faded[bin] = (faded[bin] ?? 0) + 1;
  return faded;
}
