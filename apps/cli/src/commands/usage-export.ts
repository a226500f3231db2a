import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from '@commander-js/extra-typings';
import { Option } from '@commander-js/extra-typings';
import { EXPORT_FORMATS } from '@hearth/contract';
import { connect } from '../connect.ts';
import { isoTime } from '../iso-time.ts';

export function addExport(usage: Command): void {
  usage
    .command('export')
    .description('the records of the ledger, one a line, in an order that only grows at its end')
    .addOption(
      new Option('--format <format>', 'CloudEvents 1.0 as JSON, or a table')
        .choices(EXPORT_FORMATS)
        .default('cloudevents' as const),
    )
    .option('--from <time>', 'ended from this time on, as ISO 8601')
    .option('--to <time>', 'ended before this time, as ISO 8601')
    .option('--account <username>', 'of this account only (operators; others export their own)')
    .option('--after <sequence>', 'behind the record of this sequence, which the last line of an export had')
    .action(async ({ format, from, to, account, after }) => {
      const lines = connect().usage.export({
        format,
        ...(from !== undefined && { from: isoTime(from) }),
        ...(to !== undefined && { to: isoTime(to) }),
        ...(account !== undefined && { account }),
        ...(after !== undefined && { after }),
      });
      await printed(lines);
    });
}

async function printed(lines: AsyncIterable<string>): Promise<void> {
  const text = Readable.from(lines).map((line: string) => `${line}\n`);
  try {
    await pipeline(text, process.stdout, { end: false });
  } catch (error) {
    // Whoever reads has had enough, as `head` has.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error;
  }
}
