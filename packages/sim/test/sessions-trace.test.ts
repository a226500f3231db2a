import { describe, expect, it } from 'vitest';
import { type SessionsTraceOptions, sessionsTrace } from '../src/index.ts';

const options: SessionsTraceOptions = {
  seed: 7,
  deploymentIds: Array.from({ length: 200 }, (_, n) => `d${n}`),
  arrivalsPerSecond: 50,
  durationMs: 3_600_000,
  skew: 1.1,
  gapCv: 2.3,
  medianRunMs: 1_000,
  runSigma: 0.5,
  bursts: [],
};
const within = (from: number, to: number, of = options) =>
  [...sessionsTrace(of)].filter(({ at }) => at >= from && at < to).length;

describe('sessionsTrace', () => {
  const trace = [...sessionsTrace(options)];
  it('is the same for the same seed, in order, inside its duration, and at about its rate', () => {
    expect([...sessionsTrace(options)]).toEqual(trace);
    expect(trace.every(({ at }, n) => at <= options.durationMs && at >= (trace[n - 1]?.at ?? 0))).toBe(true);
    expect(trace.length / 180_000).toBeGreaterThan(0.9);
    expect(trace.length / 180_000).toBeLessThan(1.1);
  });
  it('asks for the first one as often as its rank says', () => {
    const total = options.deploymentIds.reduce((sum, _, rank) => sum + (rank + 1) ** -1.1, 0);
    const share = trace.filter(({ deploymentId }) => deploymentId === 'd0').length / trace.length;
    expect(Math.abs(share - 1 / total)).toBeLessThan(0.02);
  });
  it('has gaps of people: the median far below the mean', () => {
    const at = trace.filter(({ deploymentId }) => deploymentId === 'd0').map((arrival) => arrival.at);
    const gaps = at
      .slice(1)
      .map((t, n) => t - (at[n] ?? 0))
      .toSorted((a, b) => a - b);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    // e^(−σ²/2) with σ² = ln(1 + 2.3²).
    expect((gaps[gaps.length >> 1] ?? 0) / mean).toBeGreaterThan(0.35);
    expect((gaps[gaps.length >> 1] ?? 0) / mean).toBeLessThan(0.45);
  });
  it('has a burst for as long as it was asked to, and goes on as before', () => {
    const burst = { ...options, bursts: [{ fromMs: 1_200_000, toMs: 1_260_000, factor: 10 }] };
    const before = within(1_140_000, 1_200_000, burst);
    const during = within(1_200_000, 1_260_000, burst);
    const after = within(1_260_000, 1_320_000, burst);
    expect(during / before).toBeGreaterThan(8);
    expect(during / before).toBeLessThan(12);
    expect(after / before).toBeGreaterThan(0.7);
    expect(after / before).toBeLessThan(1.4);
  });
});
