import { type ForecastLead, NO_LEAD } from './forecast-lead.ts';
import { binEndMs, countIn, GAP_BINS, type GapCounts, gapBin, total, withGap } from './gap-histogram.ts';

/** What all deployments together teach about gaps. */
export interface PooledGaps {
  /**
   * Apart by how long the burst had gone on when the gap began ({@link BURST_MS}): after one lone prediction the next is
   * far off more often than after ten busy minutes.
   */
  readonly counts: readonly GapCounts[];
  /** Whether forecasts pay here. */
  readonly lead: ForecastLead;
}

/** What one deployment teaches. */
export interface OwnGaps {
  readonly counts: GapCounts;
  /**
   * Logarithm of how much better its own past alone has foretold its gaps than its past blended into everybody's. Above
   * 0 for what runs by a timer, far below for what people use.
   */
  readonly timerOdds: number;
}

/** Where bursts are told apart by their length. */
export const BURST_MS = [60_000, 600_000] as const;

/**
 * Gaps of image models that people use, as known before anything is learned: the share of gaps up to each length. From
 * twelve days of production (Alibaba GenTD26), between its figures by model and by user; straight in the logarithm.
 */
const GENERIC: readonly (readonly [ms: number, share: number])[] = [
  [1_000, 0.1],
  [15_000, 0.2],
  [60_000, 0.58],
  [300_000, 0.82],
  [1_200_000, 0.905],
  [3_600_000, 0.94],
  [14_400_000, 0.966],
  [86_400_000, 0.988],
  [259_200_000, 0.998],
];
/** As many gaps of all deployments as it takes to outweigh it. */
const GENERIC_WEIGHT = 2_000;
/** As many gaps after bursts of one length as it takes to outweigh the gaps after all. */
const BURST_WEIGHT = 1_000;
/** As many gaps of its own as it takes to outweigh everybody's: for what is taken for a timer, and for all others. */
const OWN_WEIGHT = { timer: 0.25, other: 100 } as const;
/** One in ten deployments is taken for a timer before anything is known of it. */
const FIRST_TIMER_ODDS = Math.log(1 / 9);
/** Beyond this a habit that ends could not be unlearned in reasonable time. */
const MOST_ODDS = 12;
/** What remains of an old gap with each new one: a deployment is judged by its last hundred gaps. */
const OWN_FADE = 0.99;
/** From this many pooled gaps on, the old half counts half. */
const MOST_POOLED = 20_000;

export const NO_OWN_GAPS: OwnGaps = { counts: [], timerOdds: FIRST_TIMER_ODDS };
export const NO_POOLED_GAPS: PooledGaps = { counts: [[], [], []], lead: NO_LEAD };

function genericUpTo(ms: number): number {
  const n = GENERIC.findIndex(([end]) => ms <= end);
  const [before, after] = [GENERIC[n - 1], GENERIC[n]];
  if (after === undefined) return ms === Infinity ? 1 : (GENERIC.at(-1)?.[1] ?? 1);
  if (before === undefined) return after[1];
  const along = Math.log(ms / before[0]) / Math.log(after[0] / before[0]);
  return before[1] + (after[1] - before[1]) * along;
}
/** What is taken for everybody before anything is learned. Above 0 in every bin: nothing that happens is impossible. */
export const GENERIC_SHARE: readonly number[] = binEndMs.map(
  (end, bin) => genericUpTo(end) - (bin === 0 ? 0 : genericUpTo(binEndMs[bin - 1] ?? 0)),
);

const totalOf = (counts: readonly GapCounts[]): number => counts.reduce((sum, gaps) => sum + total(gaps), 0);

export const burstClass = (burstMs: number): number => BURST_MS.filter((ms) => burstMs >= ms).length;

/** The share of a bin among everybody's gaps after a burst of this class, for any bin. */
function pooledShare({ counts }: PooledGaps, burst: number): (bin: number) => number {
  const own = counts[burst] ?? [];
  const ofAll = totalOf(counts) + GENERIC_WEIGHT;
  const ofOwn = total(own) + BURST_WEIGHT;
  return (bin) => {
    let all = GENERIC_WEIGHT * (GENERIC_SHARE[bin] ?? 0);
    for (let n = 0; n < counts.length; n++) all += countIn(counts[n] ?? [], bin);
    return (countIn(own, bin) + (BURST_WEIGHT * all) / ofAll) / ofOwn;
  };
}

/**
 * How probable it is that the gap that begins now ends in each bin; the shares sum to 1.
 *
 * Two forecasts blended by how well each has done for this deployment: one that trusts its own past almost alone, which
 * is right for timers within a few gaps, and one that takes a hundred gaps of its own to leave what everybody does,
 * which is right for what people use (their own short past says little, and acting on it costs).
 */
export function forecast(own: OwnGaps, pooled: PooledGaps, burst: number): readonly number[] {
  const share = pooledShare(pooled, burst);
  const count = total(own.counts);
  const timer = 1 / (1 + Math.exp(-own.timerOdds));
  const trust = { timer: timer / (count + OWN_WEIGHT.timer), other: (1 - timer) / (count + OWN_WEIGHT.other) };
  const [ofOwn, ofAll] = [trust.timer + trust.other, trust.timer * OWN_WEIGHT.timer + trust.other * OWN_WEIGHT.other];
  const shares: number[] = [];
  for (let bin = 0; bin < GAP_BINS; bin++) shares.push(ofOwn * countIn(own.counts, bin) + ofAll * share(bin));
  return shares;
}

/** What a gap that has ended teaches: first which forecast had been the better one, then its length. */
export function learnGap(
  own: OwnGaps,
  pooled: PooledGaps,
  burst: number,
  gapMs: number,
): { readonly own: OwnGaps; readonly pooled: PooledGaps } {
  const bin = gapBin(gapMs);
  const share = pooledShare(pooled, burst)(bin);
  const [seen, count] = [countIn(own.counts, bin), total(own.counts)];
  const by = (weight: number): number => Math.log((seen + weight * share) / (count + weight));
  const odds = own.timerOdds + by(OWN_WEIGHT.timer) - by(OWN_WEIGHT.other);
  return {
    own: {
      counts: withGap(own.counts, gapMs, OWN_FADE),
      timerOdds: Math.min(MOST_ODDS, Math.max(-MOST_ODDS, odds)),
    },
    pooled: { ...pooled, counts: withPooledGap(pooled.counts, burst, gapMs) },
  };
}

function withPooledGap(counts: PooledGaps['counts'], burst: number, gapMs: number): PooledGaps['counts'] {
  const kept = totalOf(counts) >= MOST_POOLED ? counts.map((gaps) => gaps.map((n) => n / 2)) : counts;
  return kept.map((gaps, n) => (n === burst ? withGap(gaps, gapMs, 1) : gaps));
}
