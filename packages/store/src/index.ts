export { createStore } from './create-store.ts';
export { MinAboveMax, VersionGone } from './deployments.ts';
export { AlreadyRunning } from './embedded/lock.ts';
export { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded/start.ts';
export { newMessageId } from './messages.ts';
export { migrate } from './migrate.ts';
export { BudgetExceeded, DeploymentGone } from './new-prediction.ts';
export type * from './store.ts';
export { ModelGone, VersionElsewhere } from './versions.ts';
