import { createLogger, runServer, settingsOrExit } from '@hearth/kit';
import { readConfig } from './config.ts';
import { openRoom } from './room.ts';

/** Stopping all instances may take a server's own shutdown, its grace, and the removal; then their network goes. */
const GRACE_MS = 20_000;

const config = settingsOrExit(() => readConfig(process.env));
const log = createLogger({ room: 'scheduler', level: config.logLevel });

runServer({
  log,
  graceMs: GRACE_MS,
  start: () =>
    openRoom(config, log, (reason) => {
      log.fatal({ err: reason }, 'no longer leading: another scheduler may be at work');
      process.exit(1);
    }),
});
