import type { Command } from '@commander-js/extra-typings';
import type { WireLedgerCounts, WireLedgerDifference, WireVerifiedLine } from '@hearth/contract';
import pc from 'picocolors';
import { connect, UsageError } from '../connect.ts';
import { print, renderTable } from '../output.ts';

/** A ledger that is wrong from end to end still fits on a screen and in memory. */
const MOST_SHOWN = 1_000;

export function addVerify(usage: Command): void {
  usage
    .command('verify')
    .description('add the ledger up again from what ran, and name every difference (operators)')
    .option('--account <username>', 'of this account only')
    .option('--json', 'print JSON')
    .action(async ({ account, json }) => {
      const found = await verified(connect().usage.verify(account === undefined ? {} : { account }));
      print(json ? verifiedJson(found) : verifiedText(found));
      if (found.count > 0) process.exitCode = 1;
    });
}

interface Verified {
  readonly checked: WireLedgerCounts;
  /** The first of them. */
  readonly differences: readonly WireLedgerDifference[];
  readonly count: number;
}

/** @throws UsageError where the answer was cut off */
export async function verified(lines: AsyncIterable<WireVerifiedLine>): Promise<Verified> {
  const differences: WireLedgerDifference[] = [];
  let count = 0;
  for await (const line of lines) {
    count += line.differences.length;
    differences.push(...line.differences.slice(0, MOST_SHOWN - differences.length));
    if (line.done) return { checked: line.checked, differences, count };
  }
  throw new UsageError('The verification was cut off before its end. Try again.');
}

/** One line, for programs. */
export const verifiedJson = ({ checked, differences, count }: Verified): string =>
  JSON.stringify({ ...checked, difference_count: count, differences });

export function verifiedText({ checked, differences, count }: Verified): string {
  const { predictions, records, corrections, chains, links, unsealed, unpriced } = checked;
  const looked = [
    many(predictions, 'prediction'),
    many(records, 'record'),
    many(corrections, 'correction'),
    `${many(links, 'link')} in ${many(chains, 'chain')}`,
    ...(unsealed > 0 ? [`${unsealed} not linked yet`] : []),
    ...(unpriced > 0 ? [`${unpriced} from before prices were noted`] : []),
  ].join(', ');
  if (count === 0) return `${looked}: ${pc.green('no difference')}`;
  const rows = differences.map((one) => [
    one.kind,
    one.account ?? '',
    one.record ?? one.prediction ?? '',
    one.what,
    String(one.expected ?? 'none'),
    String(one.found ?? 'none'),
  ]);
  const more = count > differences.length ? `\n… and ${count - differences.length} more` : '';
  const table = renderTable(['DIFFERENCE', 'ACCOUNT', 'RECORD', 'WHAT', 'EXPECTED', 'FOUND'], rows, '');
  return `${looked}: ${pc.red(many(count, 'difference'))}\n${table}${more}`;
}

const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
