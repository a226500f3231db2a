import { knowsPriceAt, type Millis, type PriceChange, priceAt } from '@hearth/core';
import type { Store } from '@hearth/store';

/** Micros per second by hardware and time, remembered so that ending a run needs no query for it. */
export interface Prices {
  /** Of a run that started then; null for hardware that never had a price. @throws what the store throws */
  at(hardwareSku: string, startedAt: Millis): Promise<number | null>;
}

export function createPrices(store: Pick<Store, 'hosts'>, now: () => Millis): Prices {
  let prices: ReadonlyMap<string, readonly PriceChange[]> = new Map();
  let readAt = Number.NEGATIVE_INFINITY;

  return {
    async at(hardwareSku, startedAt) {
      if (!knowsPriceAt(readAt, startedAt) || !prices.has(hardwareSku)) {
        // Before the question, so that what is set meanwhile is not taken for known.
        const asked = now();
        prices = await store.hosts.prices();
        readAt = asked;
      }
      return priceAt(prices.get(hardwareSku) ?? [], startedAt);
    },
  };
}
