import { createAccounts } from './accounts.ts';
import { createBudgets } from './budgets.ts';
import { createCatalogue } from './catalogue.ts';
import { createDeployments } from './deployments.ts';
import { createFleet } from './fleet.ts';
import { type ClientOptions, createHttp } from './http.ts';
import { createPredictions } from './predictions.ts';
import { createUsage } from './usage.ts';

export type Client = ReturnType<typeof createClient>;

/** A client of the whole API that the command line needs. Each method throws `ApiError` for an answer of 400 and above. */
export function createClient(options: ClientOptions) {
  const http = createHttp(options);
  return {
    ...createAccounts(http),
    ...createCatalogue(http),
    ...createFleet(http),
    ...createPredictions(http),
    budgets: createBudgets(http),
    deployments: createDeployments(http),
    usage: createUsage(http),
  };
}
