import type { Store } from '@hearth/store';
import type { Identity } from './plugins/auth.ts';
import { createTtlCache } from './ttl-cache.ts';

/** Creations a minute; null: nothing is said of it. */
export interface Rate {
  readonly account: number | null;
  readonly token: number | null;
}

/** What budgets say of how fast accounts and tokens may create, kept for some seconds. */
export interface Rates {
  of(identity: Identity | null): Promise<Rate>;
  /** After a budget changed. Other API processes forget within seconds. */
  forget(): void;
}

const KEPT_MS = 5_000;
const NOBODYS: Rate = { account: null, token: null };

export function createRates({ budgets }: Pick<Store, 'budgets'>, now: () => number): Rates {
  const rates = createTtlCache<Rate>({ ttlMs: KEPT_MS, max: 1_000, now });
  return {
    async of(identity) {
      if (identity === null) return NOBODYS;
      const { tokenId, account } = identity;
      return rates.get(tokenId, () => budgets.rates({ accountId: account.id, tokenId }));
    },
    forget: () => rates.clear(),
  };
}
