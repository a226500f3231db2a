import type { Command } from '@commander-js/extra-typings';
import { Option } from '@commander-js/extra-typings';
import { USAGE_GROUPS } from '@hearth/contract';
import { connect } from '../connect.ts';
import { isoTime } from '../iso-time.ts';
import { money } from '../money.ts';
import { print, printJson, renderTable } from '../output.ts';
import { addCorrect, addCorrections } from './usage-correct.ts';
import { addExport } from './usage-export.ts';
import { addVerify } from './usage-verify.ts';

export function addUsage(program: Command): void {
  const usage = program
    .command('usage')
    .description('what ran and what it cost: only the seconds that predictions ran');
  addTotals(usage);
  addCorrect(usage);
  addCorrections(usage);
  addExport(usage);
  addVerify(usage);
}

function addTotals(usage: Command): void {
  usage
    .command('totals', { isDefault: true })
    .description('what it cost, added up')
    .addOption(new Option('--by <group>', 'what to add up by').choices(USAGE_GROUPS).default('model' as const))
    .option('--from <time>', 'from this time on, as ISO 8601')
    .option('--to <time>', 'before this time, as ISO 8601')
    .option('--json', 'print JSON')
    .action(async ({ by, from, to, json }) => {
      const range = { ...(from && { from: isoTime(from) }), ...(to && { to: isoTime(to) }) };
      const totals = await connect().usage.totals(by, range);
      if (json) return printJson(totals);
      const rows = totals.results.map((total) => [
        total.key,
        String(total.predictions),
        seconds(total.predict_microseconds),
        money(total.correction_micros),
        money(total.cost_micros),
      ]);
      print(renderTable([by.toUpperCase(), 'PREDICTIONS', 'SECONDS', 'CORRECTED', 'COST'], rows, 'Nothing ran yet.'));
    });
}

const seconds = (microseconds: number): string => (microseconds / 1e6).toFixed(3);
