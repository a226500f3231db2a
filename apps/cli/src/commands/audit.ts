import { type Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import type { WireAuditEntry } from '@hearth/contract';
import { durationMs, systemNow } from '@hearth/kit';
import { connect } from '../connect.ts';
import { print, printJson, renderTable } from '../output.ts';

const LONGEST_VALUE = 40;

export function addAudit(program: Command): void {
  program
    .command('audit')
    .description('see who changed what, newest first (owners, of their account)')
    .option('--account <username>', "of this account's tokens and things (operators; left out, of all)")
    .option('--operation <name>', 'such as models.update')
    .option('--member <name>', 'asked for by this member')
    .option('--token <id>', 'asked for with this token')
    .option('--subject <name>', 'of owner/name, or of an id')
    .addOption(new Option('--outcome <outcome>', 'how it ended').choices(['done', 'refused', 'unknown'] as const))
    .option('--since <duration>', 'not longer ago than this: 2h, 7d', since)
    .option('--limit <n>', 'so many at most', count, 100)
    .option('--json', 'print JSON')
    .action(async ({ since: from, limit, json, ...filters }) => {
      const client = connect();
      const entries: WireAuditEntry[] = [];
      for (
        let page = await client.audit({ ...filters, ...(from !== undefined && { from }) });
        ;
        page = await client.audit(page.next)
      ) {
        entries.push(...page.results);
        if (page.next === null || entries.length >= limit) break;
      }
      const shown = entries.slice(0, limit);
      if (json) return printJson(shown);
      print(renderTable(['AT', 'WHO', 'WHAT', 'SUBJECT', 'OUTCOME', 'CHANGES'], shown.map(rowOf), 'No changes.'));
    });
}

const rowOf = (entry: WireAuditEntry): string[] => [
  entry.at.slice(0, 19).replace('T', ' '),
  `${entry.account}/${entry.member}${entry.token === null ? '' : ` (${entry.token.name})`}`,
  entry.operation,
  // A version by as much of its id as other tables show.
  entry.subject?.replace(/:([0-9a-f]{12})[0-9a-f]{52}$/, ':$1') ?? '',
  outcomeOf(entry),
  changesOf(entry),
];

function outcomeOf({ outcome, code, subject }: WireAuditEntry): string {
  if (outcome === 'unknown') return `not known: look at ${subject ?? 'the thing'} itself`;
  return outcome === 'refused' ? `refused: ${code}` : outcome;
}

/** What became another, or where nobody knows that, what was asked for. */
function changesOf({ outcome, changes, asked }: WireAuditEntry): string {
  if (outcome === 'done')
    return changes.map(({ field, before, after }) => `${field}: ${brief(before)} → ${brief(after)}`).join(', ');
  const fields = Object.entries(asked ?? {}).map(([field, value]) => `${field}: ${brief(value)}`);
  return fields.length === 0 ? '' : `asked for ${fields.join(', ')}`;
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

function since(text: string): string {
  try {
    return new Date(systemNow() - durationMs(text)).toISOString();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InvalidArgumentError('It is a duration such as 2h or 7d.');
  }
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It is a whole number from 1.');
  return value;
}
