import type { Command } from '@commander-js/extra-typings';
import { systemNow } from '@hearth/kit';
import { connect, ownerAndName } from '../connect.ts';
import { ago, print, printJson, renderTable } from '../output.ts';

export function addExamples(program: Command): void {
  const examples = program.command('examples').description('list, add or remove the predictions that a model shows');
  examples
    .command('list')
    .description('list what a model shows, the last added first')
    .argument('<model>', 'owner/name')
    .option('--json', 'print JSON')
    .action(async (model, { json }) => {
      const list = await connect().models.examples(...ownerAndName(model));
      if (json) return printJson(list);
      const rows = list.map((prediction) => [
        prediction.id,
        JSON.stringify(prediction.input).slice(0, 60),
        ago(prediction.created_at, systemNow()),
      ]);
      print(renderTable(['ID', 'INPUT', 'AGE'], rows, 'No examples.'));
    });
  examples
    .command('add')
    .description('show a prediction to everybody who sees the model; its data is kept')
    .argument('<model>', 'owner/name')
    .argument('<prediction>', 'the id of one that ran on it and succeeded')
    .option('--default', 'the model is shown with this one')
    .action(async (model, prediction, options) => {
      const body = { prediction, default: options.default ?? false };
      await connect().models.addExample(...ownerAndName(model), body);
      print(`added ${prediction}`);
    });
  examples
    .command('remove')
    .description('show a prediction no more')
    .argument('<model>', 'owner/name')
    .argument('<prediction>', 'its id')
    .action(async (model, prediction) => {
      await connect().models.removeExample(...ownerAndName(model), prediction);
      print(`removed ${prediction}`);
    });
}
