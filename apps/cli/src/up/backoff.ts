const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 10_000;
const GOOD_LIFE_MS = 30_000;

/** Deaths in a row, this one counted. A life of 30 s was a good one: counting begins again. */
export const deathsInARow = (before: number, livedMs: number): number => (livedMs >= GOOD_LIFE_MS ? 1 : before + 1);

/** How long to wait before the next start: 0.2 s, doubled with each further death in a row, 10 s at most. */
export const restartDelayMs = (deaths: number): number =>
  Math.min(FIRST_DELAY_MS * 2 ** Math.max(deaths - 1, 0), LONGEST_DELAY_MS);
