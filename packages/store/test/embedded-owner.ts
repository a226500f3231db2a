// Supervises an embedded Postgres until it is killed. Arguments: the data folder.
import { createLogger } from '@hearth/kit';
import { startEmbeddedPostgres } from '../src/index.ts';

const [, , dataDir = ''] = process.argv;
const log = createLogger({ room: 'owner', level: 'silent' });
const { url, pid } = await startEmbeddedPostgres({ dataDir, log, ephemeral: true });
process.stdout.write(`${JSON.stringify({ url, pid })}\n`);
