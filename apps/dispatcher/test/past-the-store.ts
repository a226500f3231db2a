import { Client } from 'pg';
import { eventually } from './eventually.ts';

/** What a test does to a database without the store. */
export interface PastTheStore {
  query(text: string, values: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
  /** Makes the database refuse to end predictions, until mended. */
  breakFinish(): Promise<{ mend(): Promise<void> }>;
  /** Makes the database refuse writes such as `insert on files`, until mended; `refused`: once it has refused so many. */
  breakWrites(writes: string): Promise<{ refused(times?: number): Promise<void>; mend(): Promise<void> }>;
}

export function pastTheStore(databaseUrl: string): PastTheStore {
  const connect = async (): Promise<Client> => {
    const admin = new Client({ connectionString: databaseUrl });
    await admin.connect();
    return admin;
  };
  return {
    async query(text, values) {
      const admin = await connect();
      try {
        return await admin.query(text, values);
      } finally {
        await admin.end();
      }
    },
    async breakFinish() {
      const admin = await connect();
      await admin.query('alter table usage_records rename to hidden_usage_records');
      return {
        async mend() {
          await admin.query('alter table hidden_usage_records rename to usage_records');
          await admin.end();
        },
      };
    },
    async breakWrites(writes) {
      const admin = await connect();
      // A sequence counts what is rolled back, too.
      await admin.query(`
        create sequence refusals;
        create function refuse() returns trigger language plpgsql as
          $$ begin perform nextval('refusals'); raise exception 'refused by the test'; end $$;
        create trigger refuse before ${writes} execute function refuse()`);
      return {
        refused: (times = 1) =>
          eventually(async () => {
            const { rows } = await admin.query('select from refusals where is_called and last_value >= $1', [times]);
            if (rows.length === 0) throw new Error(`it was not refused ${times} times yet`);
          }),
        async mend() {
          await admin.query('drop function refuse cascade');
          await admin.end();
        },
      };
    },
  };
}
