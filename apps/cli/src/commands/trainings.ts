import type { Command } from '@commander-js/extra-typings';
import type { WireTraining } from '@hearth/contract';
import { systemNow } from '@hearth/kit';
import { connect } from '../connect.ts';
import { ago, print, printJson, renderTable } from '../output.ts';
import { paintedStatus } from './predictions.ts';

export function addTrainings(program: Command): void {
  const trainings = program.command('trainings').description('list, show or cancel trainings');
  trainings
    .command('list', { isDefault: true })
    .description('list the newest trainings')
    .option('--json', 'print JSON')
    .action(async ({ json }) => {
      const { results } = await connect().trainings.list();
      if (json) return printJson(results);
      const head = ['ID', 'MODEL', 'DESTINATION', 'STATUS', 'RAN', 'AGE', 'ERROR'];
      print(renderTable(head, results.map(row), 'No trainings yet.'));
    });
  trainings
    .command('show')
    .description('print one training as JSON')
    .argument('<id>')
    .action(async (id) => printJson(await connect().trainings.get(id)));
  trainings
    .command('cancel')
    .description('cancel a training; nothing happens to one that has ended')
    .argument('<id>')
    .action(async (id) => {
      const { status } = await connect().trainings.cancel(id);
      print(`${id} ${paintedStatus(status)}`);
    });
}

function row(training: WireTraining): string[] {
  const ran = training.metrics?.predict_time;
  return [
    training.id,
    training.model,
    training.destination,
    paintedStatus(training.status),
    typeof ran === 'number' ? `${ran.toFixed(2)} s` : '',
    ago(training.created_at, systemNow()),
    (training.error ?? '').split('\n')[0]?.slice(0, 60) ?? '',
  ];
}
