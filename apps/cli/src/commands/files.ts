import type { Command } from '@commander-js/extra-typings';
import type { WireFile } from '@hearth/contract';
import { systemNow } from '@hearth/kit';
import { connect } from '../connect.ts';
import { ago, print, printJson, renderTable } from '../output.ts';
import { fromUsersFolder } from '../repository.ts';
import { uploadFile } from '../upload-file.ts';

export function addFiles(program: Command): void {
  const files = program.command('files').description('list, upload or delete files for inputs');
  files
    .command('list', { isDefault: true })
    .description('list the files that you uploaded; each is kept for a while only')
    .option('--json', 'print JSON')
    .action(async ({ json }) => {
      const list = await connect().files.list();
      if (json) return printJson(list);
      const head = ['ID', 'NAME', 'TYPE', 'SIZE', 'AGE', 'EXPIRES IN'];
      print(renderTable(head, list.map(row), 'No files. Upload one: hearth files upload PATH'));
    });
  files
    .command('upload')
    .description('upload a file and print the URL that an input takes; `hearth run … -i name=@PATH` does it by itself')
    .argument('<path>')
    .option('--json', 'print JSON: checksums, expiry and a URL to download it')
    .action(async (path, { json }) => {
      const file = await uploadFile(connect(), fromUsersFolder(path));
      if (json) return printJson(file);
      print(file.urls.get);
    });
  files
    .command('delete')
    .description('delete an uploaded file')
    .argument('<id>', 'as `hearth files` lists it')
    .action(async (id) => {
      await connect().files.delete(id);
      print(`deleted ${id}`);
    });
}

function row(file: WireFile): string[] {
  const now = systemNow();
  const left = file.expires_at === undefined ? '' : ago(new Date(now).toISOString(), Date.parse(file.expires_at));
  return [file.id, file.name, file.content_type, sizeWords(file.size), ago(file.created_at, now), left];
}

/** `512 B`, `1.5 MiB` */
export function sizeWords(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'] as const;
  const at = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${Number((bytes / 2 ** (10 * at)).toFixed(1))} ${units[at]}`;
}
