import { type Migration, Migrator } from 'kysely/migration';
import { appliedSchema } from './backup/layout.ts';
import { connect } from './database.ts';
import { first } from './migrations/0001-first.ts';
import { predictions } from './migrations/0002-predictions.ts';
import { webhooks } from './migrations/0003-webhooks.ts';
import { catalogue } from './migrations/0004-catalogue.ts';
import { releases } from './migrations/0005-releases.ts';
import { trainings } from './migrations/0006-trainings.ts';
import { retention } from './migrations/0007-retention.ts';
import { streams } from './migrations/0008-streams.ts';
import { waiting } from './migrations/0009-waiting.ts';
import { keepAlive } from './migrations/0020-keep-alive.ts';
import { hosts } from './migrations/0021-hosts.ts';
import { hardware } from './migrations/0022-hardware.ts';
import { fairness } from './migrations/0024-fairness.ts';
import { images } from './migrations/0025-images.ts';
import { sessions } from './migrations/0026-sessions.ts';
import { history } from './migrations/0027-history.ts';
import { ledger } from './migrations/0028-ledger.ts';
import { budgets } from './migrations/0029-budgets.ts';
import { members } from './migrations/0030-members.ts';
import { sealedInputs } from './migrations/0031-sealed-inputs.ts';
import { leads } from './migrations/0032-leads.ts';
import { auditAsked } from './migrations/0033-audit-asked.ts';
import { takenRuns } from './migrations/0034-taken-runs.ts';

/** By name, which is also the order. Imported, not read from a folder, so that no path has to be found at run time. */
const migrations: Record<string, Migration> = {
  '0001-first': first,
  '0002-predictions': predictions,
  '0003-webhooks': webhooks,
  '0004-catalogue': catalogue,
  '0005-releases': releases,
  '0006-trainings': trainings,
  '0007-retention': retention,
  '0008-streams': streams,
  '0009-waiting': waiting,
  '0020-keep-alive': keepAlive,
  '0021-hosts': hosts,
  '0022-hardware': hardware,
  '0024-fairness': fairness,
  '0025-images': images,
  '0026-sessions': sessions,
  '0027-history': history,
  '0029-budgets': budgets,
  '0028-ledger': ledger,
  '0030-members': members,
  '0031-sealed-inputs': sealedInputs,
  '0032-leads': leads,
  '0033-audit-asked': auditAsked,
  '0034-taken-runs': takenRuns,
};

/** Whether this code has a migration of that name: a newer one may have more. */
export const isMigration = (name: string): boolean => Object.hasOwn(migrations, name);

/** The name of the newest migration. */
export const newestSchema = (): string => Object.keys(migrations).at(-1) ?? '';

/** Another Hearth, of later sources, has had the database. */
class SchemaNewer extends Error {
  override readonly name = 'SchemaNewer';
  constructor(schema: string) {
    super(
      `The database has the schema of a newer Hearth (${schema}), and this one goes to ${newestSchema()} only. Update its sources, or restore a backup that was made before.`,
    );
  }
}

/**
 * Brings the database to the newest schema, or to an earlier one. Safe from many processes at once: one does it, the others
 * wait. @throws SchemaNewer; or what the failed migration threw: nothing of it is kept
 */
export async function migrate(url: string, to?: string): Promise<void> {
  const { db, pool } = connect(url, 2);
  try {
    const schema = await appliedSchema(pool);
    if (schema !== null && schema > newestSchema() && !isMigration(schema)) throw new SchemaNewer(schema);
    const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
    const { error } = await (to === undefined ? migrator.migrateToLatest() : migrator.migrateTo(to));
    if (error) throw error;
  } finally {
    await db.destroy();
  }
}
