import { readFileSync } from 'node:fs';
import type { Command } from '@commander-js/extra-typings';
import { Option } from '@commander-js/extra-typings';
import type { ModelPatch } from '@hearth/contract';
import { connect, ownerAndName, UsageError } from '../connect.ts';
import { print, printJson, renderTable } from '../output.ts';
import { fromUsersFolder } from '../repository.ts';

/** `hearth models` beyond listing and adding: what one is, what is said of it, and its end. */
export function addModelVerbs(models: Command): void {
  models
    .command('show')
    .description('print one model as JSON')
    .argument('<model>', 'owner/name')
    .action(async (model) => printJson(await connect().models.get(...ownerAndName(model))));
  models
    .command('readme')
    .description('print the readme of a model')
    .argument('<model>', 'owner/name')
    .action(async (model) => print(await connect().models.readme(...ownerAndName(model))));
  models
    .command('search')
    .description('find models by words of their names, descriptions and readmes')
    .argument('<text...>', 'what to look for')
    .option('--json', 'print JSON')
    .action(async (text, { json }) => {
      const found = await connect().search(text.join(' '));
      if (json) return printJson(found);
      const rows = found.models.map(({ model, metadata }) => [
        `${model.owner}/${model.name}`,
        String(model.run_count),
        metadata.tags.join(', '),
        model.description ?? '',
      ]);
      print(renderTable(['MODEL', 'RUNS', 'COLLECTIONS', 'DESCRIPTION'], rows, 'Nothing was found.'));
    });
  models
    .command('delete')
    .description('delete a version, or a private model that has none')
    .argument('<model>', 'owner/name:version, or owner/name')
    .action(async (model) => {
      const [named = '', version, ...more] = model.split(':');
      if (more.length > 0 || version === '')
        throw new UsageError(`"${model}" is neither of the form owner/name nor owner/name:version.`);
      const [owner, name] = ownerAndName(named);
      const client = connect();
      await (version === undefined ? client.models.delete(owner, name) : client.versions.delete(owner, name, version));
      print(`deleted ${model}`);
    });
  addUpdate(models);
}

function addUpdate(models: Command): void {
  models
    .command('update')
    .description('change what a model is shown with, who may see it, or its hardware; an empty text takes away')
    .argument('<model>', 'owner/name')
    .option('--description <text>', 'what it does')
    .option('--readme <file>', 'a text file that tells more')
    .option('--github-url <url>', 'where its source is')
    .option('--paper-url <url>', 'where it is described')
    .option('--weights-url <url>', 'where its weights are')
    .option('--license-url <url>', 'what it may be used for')
    .option('--cover-image-url <url>', 'a picture of what it does')
    .addOption(new Option('--visibility <who>', 'who may see and run it').choices(['public', 'private'] as const))
    .option('--hardware <sku>', 'what it runs on without a deployment of your own')
    .option('--default-example <prediction>', 'the id of the prediction that it is shown with')
    .action(async (model, options) => {
      const change: ModelPatch = {
        description: takenAway(options.description),
        readme: options.readme === undefined ? undefined : readmeOf(options.readme),
        github_url: takenAway(options.githubUrl),
        paper_url: takenAway(options.paperUrl),
        weights_url: takenAway(options.weightsUrl),
        license_url: takenAway(options.licenseUrl),
        cover_image_url: takenAway(options.coverImageUrl),
        visibility: options.visibility,
        hardware: options.hardware,
        default_example: takenAway(options.defaultExample),
      };
      if (Object.values(change).every((value) => value === undefined))
        throw new UsageError('Nothing to change: `hearth models update --help` lists what can be.');
      await connect().models.update(...ownerAndName(model), change);
      print(`updated ${model}`);
    });
}

/** On the wire, null takes away. */
const takenAway = (text: string | undefined): string | null | undefined => (text === '' ? null : text);

function readmeOf(file: string): string | null {
  if (file === '') return null;
  const path = fromUsersFolder(file);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
