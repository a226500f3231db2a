import { CHAIN_START, type LedgerRecord, type Link } from '@hearth/core';
import type { Pool, PoolClient } from 'pg';
import type { Ledger } from '../store.ts';
import { hashOf, RECORD_SQL } from './record.ts';

const ANY_UNSEALED = 'select exists (select from usage_unsealed) as any';

/** One sealer at a time: the numbers of the sequence are given out, and become visible, in order. Nobody who reads waits. */
const TAKE_TURN = 'lock table usage_seals in share row exclusive mode';

/** $1 limit. By the primary key of what waits, so that a long line costs no more. */
const NEXT = `select ${RECORD_SQL} from usage_records
  join (select record_id from usage_unsealed order by record_id limit $1) as next on next.record_id = usage_records.id
  order by id`;

/** $1 accounts. */
const HEADS = `select account as "accountId", head.position, head.hash
  from unnest($1::text[]) as account cross join lateral (
    select position, hash from usage_seals where account_id = account order by position desc limit 1
  ) as head`;

const LAST_SEQUENCE = 'select coalesce(max(sequence), 0) as last from usage_seals';

const INSERT = `insert into usage_seals (account_id, position, sequence, record_id, previous_hash, hash)
  select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[])`;

const FORGET = 'delete from usage_unsealed where record_id = any($1)';

/** The newest link of a chain. */
interface Head {
  readonly accountId: string;
  readonly position: number;
  readonly hash: string;
}

type NewLink = Link & Head & { readonly recordId: string };

/** All of it is one transaction: a crash leaves what waits as it was. */
export function createSeal(pool: Pool): Ledger['seal'] {
  return async (limit) => {
    const { rows } = await pool.query<{ any: boolean }>(ANY_UNSEALED);
    if (!rows[0]?.any) return 0;
    const client = await pool.connect();
    try {
      await client.query('begin');
      await client.query(TAKE_TURN);
      const sealed = await sealNext(client, limit);
      await client.query('commit');
      client.release();
      return sealed;
    } catch (error) {
      // Its transaction may still be open: the connection goes, and the transaction with it.
      client.release(true);
      throw error;
    }
  };
}

async function sealNext(client: PoolClient, limit: number): Promise<number> {
  const { rows: records } = await client.query<LedgerRecord>(NEXT, [limit]);
  if (records.length === 0) return 0;
  const accountIds = [...new Set(records.map(({ accountId }) => accountId))];
  const { rows: heads } = await client.query<Head>(HEADS, [accountIds]);
  const links = linked(records, heads);
  const { rows } = await client.query<{ last: number }>(LAST_SEQUENCE);
  const last = rows[0]?.last ?? 0;
  await client.query(INSERT, [
    links.map(({ accountId }) => accountId),
    links.map(({ position }) => position),
    links.map((_, n) => last + 1 + n),
    links.map(({ recordId }) => recordId),
    links.map(({ previousHash }) => previousHash),
    links.map(({ hash }) => hash),
  ]);
  await client.query(FORGET, [links.map(({ recordId }) => recordId)]);
  return links.length;
}

/** The links of these records, each behind the one before it in its account's chain. */
function linked(records: readonly LedgerRecord[], heads: readonly Head[]): readonly NewLink[] {
  const headOf = new Map(heads.map((head) => [head.accountId, head]));
  return records.map((record) => {
    const { accountId, id: recordId } = record;
    const head = headOf.get(accountId) ?? { position: 0, hash: CHAIN_START };
    const link = { position: head.position + 1, previousHash: head.hash };
    const made = { ...link, accountId, recordId, hash: hashOf(link, record) };
    headOf.set(accountId, made);
    return made;
  });
}
