import type { Millis } from './time.ts';

/** From when on a second of a SKU costs what. */
export interface PriceChange {
  readonly priceMicrosPerSecond: number;
  readonly effectiveFrom: Millis;
}

/**
 * How long before it takes effect a price is stored, at least. Whoever has read the prices knows, for half of this time,
 * every price that anything can start at: the other half is for a slow commit and for clocks that differ.
 */
export const PRICE_LEAD_MS = 10_000;

/** Whether prices read at `readAt` hold the one of a run that started at `startedAt`. */
export const knowsPriceAt = (readAt: Millis, startedAt: Millis): boolean => startedAt <= readAt + PRICE_LEAD_MS / 2;

/**
 * The price of a run: the one in force when it started, to its end. A caller can know it when the run starts, and a change
 * in the middle of one would split its bill. Before the first entry, which is as far as is known, the first one held.
 *
 * @param history of one SKU, in the order of `effectiveFrom`; of several from one instant the last counts
 * @returns null where the SKU never had a price
 */
export function priceAt(history: readonly PriceChange[], startedAt: Millis): number | null {
  const inForce = history.findLast(({ effectiveFrom }) => effectiveFrom <= startedAt) ?? history[0];
  return inForce?.priceMicrosPerSecond ?? null;
}
