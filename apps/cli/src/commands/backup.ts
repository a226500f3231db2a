import type { Command } from '@commander-js/extra-typings';
import { systemNow } from '@hearth/kit';
import type { Header } from '../backup/format.ts';
import { UsageError } from '../connect.ts';
import { print } from '../output.ts';
import { fromUsersFolder } from '../repository.ts';
import { type UpConfig, upConfig } from '../up/config.ts';

export function addBackup(program: Command): void {
  program
    .command('backup')
    .description('write the database, the files and the keys of this Hearth into one archive; it may go on running')
    .argument('<file>', 'such as hearth.tar.gz')
    .option('--no-files', 'leave out what users uploaded and models made')
    .action(async (file, { files }) => {
      const config = upConfig(process.env);
      const { makeBackup } = await import('../backup/make.ts');
      const { withDatabase } = await import('../backup/database.ts');
      const path = fromUsersFolder(file);
      const made = await withDatabase(config, (databaseUrl) =>
        makeBackup({
          databaseUrl,
          dataFolder: config.HEARTH_DATA_DIR,
          files: filesOf(process.env, files),
          path,
          madeAt: new Date(systemNow()).toISOString(),
        }),
      );
      print(`${countsText(made)} (schema ${made.schema}) are in ${path}`);
      if (process.env.S3_BUCKET) print('Files are in the bucket and not in the archive: copy the bucket as well.');
    });
}

export function addRestore(program: Command): void {
  program
    .command('restore')
    .description('fill an empty data folder, or an empty database, from an archive of `hearth backup`')
    .argument('<file>')
    .option('--take-over', 'the original is gone for good: go on with its containers and its bucket')
    .action(async (file, { takeOver = false }) => {
      const config = upConfig(process.env);
      const { restoreBackup } = await import('../backup/restore.ts');
      const restored = await inEmpty(config, (databaseUrl) =>
        restoreBackup({ path: fromUsersFolder(file), databaseUrl, dataFolder: config.HEARTH_DATA_DIR, takeOver }),
      );
      print(`restored ${countsText(restored)} as of ${restored.header.madeAt}. Start it with \`hearth up\`.`);
      if (restored.header.files !== 'included')
        print(`The archive has no files (${restored.header.files}); see docs/guides/operations.md.`);
      if (!takeOver) print('Hosts other than this machine are cordoned: the original may still use them.');
    });
}

async function inEmpty<T>(config: UpConfig, use: (url: string) => Promise<T>): Promise<T> {
  const { askForStores } = await import('../up/control.ts');
  const { withEmbedded } = await import('../backup/database.ts');
  if ((await askForStores(config.HEARTH_DATA_DIR)) !== null)
    throw new UsageError(`\`hearth up\` runs on ${config.HEARTH_DATA_DIR}. Restore into a folder of its own.`);
  return config.DATABASE_URL ? use(config.DATABASE_URL) : withEmbedded(config, use);
}

function filesOf(env: NodeJS.ProcessEnv, wanted: boolean): Header['files'] {
  if (env.S3_BUCKET) return 's3';
  return wanted ? 'included' : 'left out';
}

function countsText({ rows, files }: { rows: Record<string, number>; files: number }): string {
  const total = Object.values(rows).reduce((sum, count) => sum + count, 0);
  return `${rows.predictions ?? 0} predictions, ${total} rows in all, and ${files} files`;
}
