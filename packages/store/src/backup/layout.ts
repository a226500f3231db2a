import type { ClientBase, Pool } from 'pg';

/** A table as a backup has it. */
export interface BackupTable {
  readonly name: string;
  /** Those that hold values of their own; what Postgres computes is left out. */
  readonly columns: readonly string[];
}

/** The next value of a sequence would come after this; null where it was never asked for one. */
export interface BackupSequence {
  readonly name: string;
  readonly value: string | null;
}

/** kysely's own, and who leads at the moment. */
const LEFT_OUT = ['kysely_migration', 'kysely_migration_lock', 'leads'];

const TABLES = /* sql */ `
select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace and c.relname <> all($1)
group by c.relname order by c.relname`;

const REFERENCES = /* sql */ `
select f.conrelid::regclass::text as table, f.confrelid::regclass::text as needs
from pg_constraint f where f.contype = 'f' and f.connamespace = current_schema()::regnamespace`;

/** Every table of ours, each after those that its foreign keys lead to. */
export async function readTables(client: ClientBase): Promise<readonly BackupTable[]> {
  const { rows: tables } = await client.query<BackupTable>(TABLES, [LEFT_OUT]);
  const { rows: references } = await client.query<{ table: string; needs: string }>(REFERENCES);
  return inOrder(tables, references);
}

/** @throws Error where tables need each other in a circle, which no order satisfies */
export function inOrder(
  tables: readonly BackupTable[],
  references: readonly { table: string; needs: string }[],
): readonly BackupTable[] {
  const ordered: BackupTable[] = [];
  const left = new Map(tables.map((table) => [table.name, table]));
  while (left.size > 0) {
    const isWaiting = ({ table, needs }: { table: string; needs: string }, name: string) =>
      table === name && needs !== name && left.has(needs);
    const ready = [...left.values()].filter(({ name }) => !references.some((one) => isWaiting(one, name)));
    if (ready.length === 0) throw new Error(`these tables need each other: ${[...left.keys()].join(', ')}`);
    for (const table of ready) left.delete(table.name);
    ordered.push(...ready);
  }
  return ordered;
}

/** Null where none has been applied. */
export async function appliedSchema(client: Pick<Pool, 'query'>): Promise<string | null> {
  const { rows: there } = await client.query<{ there: boolean }>(
    "select to_regclass('kysely_migration') is not null as there",
  );
  if (there[0]?.there !== true) return null;
  const { rows } = await client.query<{ name: string }>('select name from kysely_migration order by name desc limit 1');
  return rows[0]?.name ?? null;
}

export async function readSequences(client: ClientBase): Promise<readonly BackupSequence[]> {
  const { rows } = await client.query<BackupSequence>(
    'select sequencename as name, last_value::text as value from pg_sequences where schemaname = current_schema() order by 1',
  );
  return rows;
}

/** As SQL writes a name that may be anything. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const columnList = ({ columns }: BackupTable): string => columns.map(quoted).join(', ');
