import type { Millis } from '@hearth/core';
import type { Store } from '@hearth/store';

/** Micros per second by hardware, remembered so that ending a run needs no query for it. */
export interface Prices {
  /** null for hardware that nobody defines any more. @throws what the store throws */
  of(hardwareSku: string): Promise<number | null>;
}

/** A change of price reaches runs that end later than this. */
const REMEMBER_MS = 10_000;

export function createPrices(store: Pick<Store, 'hosts'>, now: () => Millis): Prices {
  let prices: ReadonlyMap<string, number> = new Map();
  let readAt = Number.NEGATIVE_INFINITY;

  return {
    async of(hardwareSku) {
      if (now() - readAt > REMEMBER_MS || !prices.has(hardwareSku)) {
        const hardware = await store.hosts.hardware();
        prices = new Map(hardware.map(({ sku, priceMicrosPerSecond }) => [sku, priceMicrosPerSecond]));
        readAt = now();
      }
      return prices.get(hardwareSku) ?? null;
    },
  };
}
