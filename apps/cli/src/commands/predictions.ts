import type { Command } from '@commander-js/extra-typings';
import type { WirePrediction, WireStatus } from '@hearth/contract';
import { systemNow } from '@hearth/kit';
import pc from 'picocolors';
import { connect } from '../connect.ts';
import { ago, print, printJson, renderTable } from '../output.ts';

export function addPredictions(program: Command): void {
  const predictions = program.command('predictions').description('list, show or cancel predictions');
  predictions
    .command('list', { isDefault: true })
    .description('list the newest predictions')
    .option('--json', 'print JSON')
    .action(async ({ json }) => {
      const { results } = await connect().predictions.list();
      if (json) return printJson(results);
      print(renderTable(['ID', 'MODEL', 'STATUS', 'RAN', 'AGE', 'ERROR'], results.map(row), 'No predictions yet.'));
    });
  predictions
    .command('show')
    .description('print one prediction as JSON')
    .argument('<id>')
    .action(async (id) => printJson(await connect().predictions.get(id)));
  predictions
    .command('cancel')
    .description('cancel a prediction; nothing happens to one that has ended')
    .argument('<id>')
    .action(async (id) => {
      const { status } = await connect().predictions.cancel(id);
      print(`${id} ${paintedStatus(status)}`);
    });
}

function row(prediction: WirePrediction): string[] {
  const ran = prediction.metrics?.predict_time;
  return [
    prediction.id,
    prediction.deployment ?? prediction.model,
    paintedStatus(prediction.status),
    typeof ran === 'number' ? `${ran.toFixed(2)} s` : '',
    ago(prediction.created_at, systemNow()),
    (prediction.error ?? '').split('\n')[0]?.slice(0, 60) ?? '',
  ];
}

export function paintedStatus(status: WireStatus): string {
  if (status === 'succeeded') return pc.green(status);
  if (status === 'failed') return pc.red(status);
  return status === 'canceled' ? pc.dim(status) : pc.yellow(status);
}
