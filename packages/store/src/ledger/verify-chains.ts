import { type LedgerRecord, linkDifferences, type StoredLink } from '@hearth/core';
import type { ClientBase } from 'pg';
import { hashOf, RECORD_SQL } from './record.ts';
import { pages } from './snapshot.ts';
import type { Step } from './step.ts';

const PAGE = 1_000;

/** $1 limit, $2 to $4 key, $5 account or null. The record's id is in the order for the sake of a forked chain. */
const LINKS = `select account_id as "accountId", position, sequence, record_id as "recordId", previous_hash as "previousHash", hash
  from usage_seals
  where (account_id, position, record_id) > ($2, $3::bigint, $4) and ($5::text is null or account_id = $5)
  order by account_id, position, record_id limit $1`;

/** $1 ids. */
const RECORDS = `select ${RECORD_SQL} from usage_records where id = any($1)`;

/** That every chain is whole, and every record the one that was sealed. */
export async function* verifyChains(client: ClientBase, accountId: string | null): AsyncGenerator<Step> {
  let before: StoredLink | null = null;
  const query = { text: LINKS, limit: PAGE, from: ['', 0, ''], values: [accountId] };
  const found = pages<Omit<StoredLink, 'recomputed'>>(client, query, (link) => [
    link.accountId,
    link.position,
    link.recordId,
  ]);
  for await (const rows of found) {
    const { rows: records } = await client.query<LedgerRecord>(RECORDS, [rows.map(({ recordId }) => recordId)]);
    const recordOf = new Map(records.map((record) => [record.id, record]));
    let chains = 0;
    const differences = rows.flatMap((row) => {
      const record = recordOf.get(row.recordId);
      const link: StoredLink = { ...row, recomputed: record === undefined ? null : hashOf(row, record) };
      const previous = before?.accountId === row.accountId ? before : null;
      if (previous === null) chains++;
      before = link;
      return linkDifferences(link, previous);
    });
    yield { chains, links: rows.length, differences };
  }
}
