import { expect, it } from 'vitest';
import { binEndMs, isAhead, NO_LEAD, NO_POOLED_GAPS, seeUse, withCompared } from '../src/index.ts';
import { MINUTE, SECOND } from './build.ts';
import { idle, inUse, playGaps, unlearned } from './use.ts';

const BOOT_MS = 20 * SECOND;
const HOUR = 60 * MINUTE;
const NONE = { fromMs: 0, untilMs: 0 };
const kept = (untilMs: number) => ({ fromMs: 0, untilMs });

/** Which gaps a forecast would have spared a cold boot, and which it would have added one to. */
function leadAfter(gains: readonly boolean[]) {
  const [gone, stays] = [NONE, kept(MINUTE)];
  return gains.reduce(
    (lead, gain) =>
      withCompared(lead, gain ? { plain: gone, foreseen: stays } : { plain: stays, foreseen: gone }, 1, BOOT_MS),
    NO_LEAD,
  );
}

it('a forecast is ahead once it has saved more than chance would', () => {
  expect(isAhead(NO_LEAD)).toBe(false);
  expect(isAhead(leadAfter(Array<boolean>(4).fill(true)))).toBe(false);
  expect(isAhead(leadAfter(Array<boolean>(6).fill(true)))).toBe(true);
  // 55 of a hundred are chance, 65 are not.
  const mixed = (gains: number) => Array.from({ length: 100 }, (_, n) => (n * gains) % 100 < gains);
  expect(isAhead(leadAfter(mixed(55)))).toBe(false);
  expect(isAhead(leadAfter(mixed(65)))).toBe(true);
});

it('a lead of long ago is forgotten', () => {
  const before = leadAfter(Array<boolean>(2_000).fill(true));
  let lead = before;
  for (let n = 0; n < 9_000; n++) lead = withCompared(lead, { plain: NONE, foreseen: NONE }, MINUTE, BOOT_MS);
  expect(lead.saved).toBeLessThan(before.saved / 15);
});

it('nothing known: the keep-alive that is best by what is usual, whatever the burst and the own past', () => {
  const windows = [[], [5 * SECOND], [MINUTE, 2 * HOUR, 9 * SECOND]].map((gaps) => {
    const { learned } = playGaps(gaps, { ...unlearned(BOOT_MS), pooled: NO_POOLED_GAPS });
    return seeUse(learned, idle(), 10 * HOUR).history.window;
  });
  expect(new Set(windows.map((window) => JSON.stringify(window))).size).toBe(1);
  expect(windows[0]?.fromMs).toBe(0);
  expect(binEndMs).toContain(windows[0]?.untilMs);
});

it('a plain keep-alive never lets go first, however long a boot takes', () => {
  for (const bootMs of [1, SECOND, 5 * SECOND, MINUTE, 10 * MINUTE, HOUR]) {
    const begun = seeUse(unlearned(bootMs), inUse(), 0);
    expect(seeUse(begun, idle(), SECOND).history.window?.fromMs).toBe(0);
  }
});

it('goes by forecasts where those of all deployments have paid, and by plain keep-alives where they have not', () => {
  const { learned } = playGaps(Array<number>(200).fill(40 * MINUTE), unlearned(BOOT_MS));
  const gaps = { ...learned.history.gaps, timerOdds: -5 };
  const windowWith = (saved: number) => {
    const pooled = { ...learned.pooled, lead: { saved, squares: 100 } };
    return seeUse({ history: { ...learned.history, gaps }, pooled }, idle(), 200 * HOUR).history;
  };
  const [behind, ahead] = [windowWith(19), windowWith(21)];
  expect(ahead.window).toEqual(ahead.foreseen);
  expect(behind.foreseen).toEqual(ahead.foreseen);
  expect(behind.window).not.toEqual(behind.foreseen);
});
