import { join } from 'node:path';
import { createLogger } from '@hearth/kit';
import { startEmbeddedPostgres } from '@hearth/store';
import type { UpConfig } from '../up/config.ts';
import { askForStores } from '../up/control.ts';
import { lockFolder } from '../up/data-folder.ts';

/** The database of this data folder: the configured one, that of a running `up`, or one that is started for the moment. */
export async function withDatabase<T>(config: UpConfig, use: (url: string) => Promise<T>): Promise<T> {
  if (config.DATABASE_URL) return use(config.DATABASE_URL);
  const running = await askForStores(config.HEARTH_DATA_DIR);
  return running === null ? withEmbedded(config, use) : use(running.databaseUrl);
}

/** @throws FolderInUse where `up` runs on the folder */
export async function withEmbedded<T>(config: UpConfig, use: (url: string) => Promise<T>): Promise<T> {
  const lock = lockFolder(config.HEARTH_DATA_DIR);
  try {
    const log = createLogger({ room: 'cli', level: 'silent' });
    const postgres = await startEmbeddedPostgres({ dataDir: join(config.HEARTH_DATA_DIR, 'postgres'), log });
    try {
      return await use(postgres.url);
    } finally {
      await postgres.stop();
    }
  } finally {
    lock.release();
  }
}
