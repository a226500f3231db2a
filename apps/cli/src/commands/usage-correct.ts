import type { Command } from '@commander-js/extra-typings';
import type { WirePage, WireUsageRecord } from '@hearth/contract';
import { connect } from '../connect.ts';
import { micros, money } from '../money.ts';
import { print, printJson, renderTable } from '../output.ts';

export function addCorrect(usage: Command): void {
  usage
    .command('correct')
    .description('add an amount to what a prediction cost, by a record of its own (operators)')
    .argument('<prediction>')
    .requiredOption('--cost <amount>', 'in your currency; below 0 it gives back, such as --cost=-0.002')
    .requiredOption('--reason <words>', 'why, for whoever reads the bill')
    .option('--key <key>', 'makes a repeat harmless: the same key of the same prediction is one correction')
    .option('--json', 'print JSON')
    .action(async (prediction, { cost, reason, key, json }) => {
      const cost_micros = micros('--cost', cost);
      const made = await connect().usage.correct({
        prediction,
        cost_micros,
        reason,
        ...(key !== undefined && { key }),
      });
      if (json) return printJson(made);
      print(renderTable(HEADER, [rowOf(made)], ''));
    });
}

export function addCorrections(usage: Command): void {
  usage
    .command('corrections')
    .description('all corrections, those of the newest predictions first')
    .option('--json', 'print JSON')
    .action(async ({ json }) => {
      const { usage: api } = connect();
      const all: WireUsageRecord[] = [];
      for (let page: WirePage<WireUsageRecord> | null = await api.corrections(); page !== null; ) {
        all.push(...page.results);
        page = page.next === null ? null : await api.corrections(page.next);
      }
      if (json) return printJson(all);
      print(renderTable(HEADER, all.map(rowOf), 'Nothing was corrected.'));
    });
}

const HEADER = ['CORRECTION', 'MODEL', 'COST', 'REASON', 'BY', 'AT'];
const rowOf = (one: WireUsageRecord): string[] => [
  one.id,
  one.model,
  money(one.cost_micros),
  one.reason ?? '',
  one.made_by ?? '',
  one.at,
];
