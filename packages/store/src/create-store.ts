import { systemNow } from '@hearth/kit';
import { sql } from 'kysely';
import { createAccounts } from './accounts.ts';
import { createAudit } from './audit.ts';
import { createBudgets } from './budgets.ts';
import { createCollections } from './collections.ts';
import { createConsumers } from './consumers.ts';
import { connect } from './database.ts';
import { createDeployments } from './deployments.ts';
import { createExamples } from './examples.ts';
import { createFiles } from './files.ts';
import { createHistory } from './history.ts';
import { createHosts } from './hosts.ts';
import { createImages } from './images.ts';
import { createImports } from './imports.ts';
import { createInstances } from './instances.ts';
import { createLead } from './lead.ts';
import { createLedger } from './ledger/ledger.ts';
import { createMessages } from './messages.ts';
import { createModels } from './models.ts';
import { createPredictions } from './predictions.ts';
import { createRetention } from './retention.ts';
import { createSealedInputs } from './sealed-inputs.ts';
import { createSessions } from './sessions.ts';
import { createSettings } from './settings.ts';
import type { Store } from './store.ts';
import { createUsage } from './usage.ts';
import { createUses } from './uses.ts';

export interface StoreOptions {
  readonly url: string;
  /** Connections of the pool; `lead` takes one more. */
  readonly maxConnections?: number;
  /** How long a statement may take; absent: as long as it does. */
  readonly answerWithinMs?: number;
  /** Stamps what the port gives no time for. */
  readonly now?: () => number;
}

/**
 * The store on a database that {@link migrate} has been run on.
 * @throws when the database does not answer
 */
export async function createStore(options: StoreOptions): Promise<Store> {
  const { url, maxConnections = 10, answerWithinMs, now = systemNow } = options;
  const connection = connect(url, maxConnections, answerWithinMs);
  const { db } = connection;
  const ping = async () => {
    await sql`select 1`.execute(db);
  };
  try {
    await ping();
  } catch (error) {
    await db.destroy();
    throw error;
  }
  const models = createModels(connection, now);
  return {
    accounts: createAccounts(connection, now),
    sessions: createSessions(connection, now),
    audit: createAudit(db),
    models,
    examples: createExamples(db, now),
    collections: createCollections(db, models, now),
    imports: createImports(db, now),
    deployments: createDeployments(connection, now),
    hosts: createHosts(connection, now),
    images: createImages(connection),
    instances: createInstances(connection),
    consumers: createConsumers(db),
    predictions: createPredictions(connection),
    sealedInputs: createSealedInputs(connection),
    budgets: createBudgets(connection),
    messages: createMessages(connection),
    usage: createUsage(db),
    ledger: createLedger(connection),
    uses: createUses(connection),
    history: createHistory(connection),
    files: createFiles(db),
    retention: createRetention(connection),
    settings: createSettings(db),
    ping,
    lead: createLead(connection),
    close: () => db.destroy(),
  };
}
