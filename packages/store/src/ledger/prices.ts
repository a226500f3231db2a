import { type Hardware, type Millis, PRICE_LEAD_MS, type PriceChange } from '@hearth/core';
import { sql } from 'kysely';
import type { ClientBase, Pool } from 'pg';
import type { Database } from '../database.ts';
import type { SetPrice } from '../store.ts';
import { at as timestamp } from '../values.ts';

const PRICES = `select sku, price_micros_per_second as "priceMicrosPerSecond", effective_from as "effectiveFrom"
  from hardware_prices order by effective_from, id`;

/** Every price that a SKU had, has and will have, in the order that core's `priceAt` wants. */
export async function pricesOf(client: Pool | ClientBase): Promise<ReadonlyMap<string, readonly PriceChange[]>> {
  const { rows } = await client.query<PriceChange & { sku: string }>(PRICES);
  return Map.groupBy(rows, ({ sku }) => sku);
}

/** What is in force then already is not set again. */
export async function setPrice(
  db: Database,
  { sku, priceMicrosPerSecond }: Pick<Hardware, 'sku' | 'priceMicrosPerSecond'>,
  { at, from = at + PRICE_LEAD_MS, setBy }: { at: Millis; from?: Millis; setBy?: string },
): Promise<void> {
  await sql`
    insert into hardware_prices (sku, price_micros_per_second, effective_from, set_at, set_by)
    select ${sku}, ${priceMicrosPerSecond}::bigint,
      case when exists (select from hardware_prices where sku = ${sku}) then ${timestamp(from)} else to_timestamp(0) end,
      ${timestamp(at)}, ${setBy ?? null}
    where ${priceMicrosPerSecond}::bigint is distinct from (
      select price_micros_per_second from hardware_prices
      where sku = ${sku} and effective_from <= ${timestamp(from)}
      order by effective_from desc, id desc limit 1
    )`.execute(db);
}

export const priceHistory = (db: Database, sku: string): Promise<SetPrice[]> =>
  db
    .selectFrom('hardware_prices')
    .select([
      'price_micros_per_second as priceMicrosPerSecond',
      'effective_from as effectiveFrom',
      'set_at as setAt',
      'set_by as setBy',
    ])
    .where('sku', '=', sku)
    .orderBy('effective_from', 'desc')
    .orderBy('id', 'desc')
    .execute();
