import type { Pool } from 'pg';
import type { Ledger, SealedRecord } from '../store.ts';
import { atOrNull } from '../values.ts';
import { RECORD_SQL } from './record.ts';
import { pages } from './snapshot.ts';

const PAGE = 1_000;

/** $1 limit, $2 sequence, $3 account or null, $4 from or null, $5 to or null. */
const SEALED = `select ${RECORD_SQL}, usage_seals.sequence, accounts.username
  from usage_seals
  join usage_records on usage_records.id = usage_seals.record_id
  left join accounts on accounts.id = usage_records.account_id
  where usage_seals.sequence > $2::bigint
    and ($3::text is null or usage_records.account_id = $3)
    and ($4::timestamptz is null or usage_records.at >= $4) and ($5::timestamptz is null or usage_records.at < $5)
  order by usage_seals.sequence limit $1`;

/** Page by page: what is in the sequence stays as it is, and what comes, comes behind it. */
export const createSealed =
  (pool: Pool): Ledger['sealed'] =>
  ({ after, accountId, from, to }) =>
    pages<SealedRecord>(
      pool,
      { text: SEALED, limit: PAGE, from: [after], values: [accountId ?? null, atOrNull(from), atOrNull(to)] },
      ({ sequence }) => [sequence],
    );
