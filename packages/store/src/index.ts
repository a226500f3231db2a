export { createStore } from './create-store.ts';
export { AlreadyRunning } from './embedded/lock.ts';
export { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded/start.ts';
export { migrate } from './migrate.ts';
export { VersionElsewhere } from './models.ts';
export { DeploymentGone } from './new-prediction.ts';
export type * from './store.ts';
