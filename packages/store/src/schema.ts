import type { AccountTables } from './schema/account-tables.ts';
import type { CatalogueTables } from './schema/catalogue-tables.ts';
import type { DeploymentTables } from './schema/deployment-tables.ts';
import type { FleetTables } from './schema/fleet-tables.ts';
import type { LedgerTables } from './schema/ledger-tables.ts';
import type { PredictionTables } from './schema/prediction-tables.ts';

/** The tables as the newest migration leaves them. */
export interface Schema
  extends AccountTables,
    CatalogueTables,
    DeploymentTables,
    FleetTables,
    LedgerTables,
    PredictionTables {
  settings: { key: string; value: string };
}
