import type { Command } from '@commander-js/extra-typings';
import { type Client, trainingInputSchemaOf } from '@hearth/contract';
import pc from 'picocolors';
import { connect, ownerAndName, UsageError } from '../connect.ts';
import { ensureModel } from '../ensure-model.ts';
import { print, printJson } from '../output.ts';
import { followPrediction } from '../run-follow.ts';
import { coerceInput, typedInput, uploadFiles } from '../run-input.ts';
import { cancelOnSignal, consoleFollower } from './run.ts';

const collect = (value: string, before: string[]): string[] => [...before, value];

export function addTrain(program: Command): void {
  program
    .command('train')
    .description('train a version: the new version on stdout, progress and logs on stderr; Ctrl-C cancels it')
    .argument('<model>', 'owner/name, or owner/name:version')
    .requiredOption(
      '--destination <owner/name>',
      'the model that gets the new version; made, private, if there is none',
    )
    .option('-i, --input <key=value>', 'an input; @path is a file, @@text a text that begins with @', collect, [])
    .option('--hardware <sku>', 'what the destination runs on, when it is made now', 'cpu')
    .option('--detach', 'print the id of the training and leave it to itself')
    .option('--json', 'print the finished training as JSON')
    .action(async (model, options) => {
      const client = connect();
      const { owner, name, version, openapi } = await findVersion(client, model);
      const typed = options.input.map(typedInput);
      const input = await uploadFiles(client, coerceInput(typed, trainingInputSchemaOf(openapi)));
      const [destinationOwner, destinationName] = ownerAndName(options.destination);
      // What it will know came out of somebody's own data.
      const made = { hardware: options.hardware, visibility: 'private' } as const;
      await ensureModel(client, { owner: destinationOwner, name: destinationName, ...made });
      const { destination } = options;
      const training = await client.trainings.create({ owner, name, version }, { destination, input });
      if (options.detach) return print(training.id);
      cancelOnSignal(client, training);
      const ended = await followPrediction(client, training, consoleFollower(null));
      if (options.json) printJson(await client.trainings.get(ended.id));
      else if (ended.status === 'succeeded') print(versionIn(ended.output));
      if (ended.status !== 'succeeded')
        process.stderr.write(`${pc.red(ended.status)}${ended.error ? `: ${ended.error}` : ''}\n`);
      process.exit(ended.status === 'succeeded' ? 0 : 1);
    });
}

async function findVersion(client: Client, model: string) {
  const [reference = '', pinned] = model.split(':');
  const [owner, name] = ownerAndName(reference);
  const found =
    pinned === undefined
      ? (await client.models.get(owner, name)).latest_version
      : await client.versions.get(owner, name, pinned);
  if (found === null)
    throw new UsageError(`${reference} has no version yet. Add one: hearth models add IMAGE|FOLDER ${reference}`);
  return { owner, name, version: found.id, openapi: found.openapi_schema };
}

/** The `version` of a training that has succeeded: `owner/name:<64 hex>`. */
function versionIn(output: unknown): string {
  const version = typeof output === 'object' && output !== null && 'version' in output ? output.version : undefined;
  if (typeof version !== 'string') throw new Error(`a training succeeded without a version: ${JSON.stringify(output)}`);
  return version;
}
