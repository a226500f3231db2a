import type { Command } from '@commander-js/extra-typings';
import { systemNow } from '@hearth/kit';
import { connect, ownerAndName } from '../connect.ts';
import { ensureModel } from '../ensure-model.ts';
import { environmentPairs, versionBody } from '../model-source.ts';
import { ago, print, printJson, renderTable } from '../output.ts';
import { createProgress } from '../up/progress.ts';
import { addModelVerbs } from './model-verbs.ts';

const collect = (value: string, before: string[]): string[] => [...before, value];

export function addModels(program: Command): void {
  const models = program.command('models').description('list, add, show, find, change or delete models');
  models
    .command('list', { isDefault: true })
    .description('list models')
    .option('--json', 'print JSON')
    .action(async ({ json }) => {
      const list = await connect().models.list();
      if (json) return printJson(list);
      const rows = list.map((model) => [
        `${model.owner}/${model.name}`,
        model.latest_version?.id.slice(0, 12) ?? 'none yet',
        String(model.run_count),
        ago(model.created_at, systemNow()),
        model.description ?? '',
      ]);
      print(
        renderTable(
          ['MODEL', 'VERSION', 'RUNS', 'AGE', 'DESCRIPTION'],
          rows,
          'No models. Add one: hearth models add IMAGE|FOLDER owner/name',
        ),
      );
    });
  models
    .command('add')
    .description('add a version of a model from an image or a folder; makes the model if there is none')
    .argument(
      '<source>',
      "a Docker image, or a folder with a cog.yaml, a modelkit model, or any server of Cog's protocol on $PORT",
    )
    .argument('<model>', 'owner/name')
    .option(
      '--command <command>',
      "how the folder's server is started; split into words like a shell does, without a shell",
    )
    .option('--env <key=value>', 'an environment variable of the server; may be repeated', collect, [])
    .option('--hardware <sku>', 'what the model runs on, when it is made now', 'cpu')
    .option('--description <text>', 'what the model does, when it is made now')
    .action(async (source, model, options) => {
      const [owner, name] = ownerAndName(model);
      const body = versionBody(source, { command: options.command, env: environmentPairs(options.env) });
      const client = connect();
      await ensureModel(client, { owner, name, hardware: options.hardware, description: options.description });
      const version = await createProgress(process.stderr).step(
        'Version',
        () => client.versions.add(owner, name, body),
        ({ id }) => `${owner}/${name}:${id.slice(0, 12)}`,
      );
      print(`${owner}/${name}:${version.id}`);
    });
  addModelVerbs(models);
}
