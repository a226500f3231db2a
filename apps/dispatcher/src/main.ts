import { createLogger, runServer, settingsOrExit } from '@hearth/kit';
import { readConfig } from './config.ts';
import { openDispatcher } from './open.ts';

const config = settingsOrExit(() => readConfig(process.env));
const log = createLogger({ room: 'dispatcher', level: config.logLevel });

runServer({ log, graceMs: 8_000, start: () => openDispatcher(config, log) });
