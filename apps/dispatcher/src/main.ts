import { createLogger, runServer } from '@hearth/kit';
import { readConfig } from './config.ts';
import { openDispatcher } from './open.ts';

const config = readConfig(process.env);
const log = createLogger({ room: 'dispatcher', level: config.logLevel });

runServer({ log, graceMs: 8_000, start: () => openDispatcher(config, log) });
