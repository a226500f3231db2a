import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import type { AccountPatch, WireAccountShare } from '@hearth/contract';
import { connect } from '../connect.ts';
import { limit, limitOrNull } from '../limit-option.ts';
import { print, printJson, renderTable } from '../output.ts';

export function addAccounts(program: Command): void {
  const accounts = program
    .command('accounts')
    .description('make accounts, and see who shares the fleet and how (operators)');
  accounts
    .command('list', { isDefault: true })
    .description('list accounts with their shares, and what they ask for now')
    .option('--json', 'print JSON')
    .action(async ({ json }) => {
      const list = await connect().accounts.list();
      if (json) return printJson(list);
      print(renderTable(HEADER, list.map(rowOf), 'No accounts.'));
    });
  accounts
    .command('add')
    .description('make an account with its first owner')
    .argument('<username>')
    .option('--organization', 'it is of several people')
    .option('--name <name>', 'as it is shown')
    .option('--owner <name>', 'its first owner; left out, the username')
    .action(async (username, { organization, name, owner }) => {
      const account = await connect().accounts.create({
        username,
        type: organization ? 'organization' : 'user',
        ...(name !== undefined && { name }),
        ...(owner !== undefined && { owner }),
      });
      print(renderTable(HEADER, [rowOf(account)], ''));
    });
  accounts
    .command('set')
    .description("change an account's share")
    .argument('<username>')
    .option('--weight <n>', 'its share where others want the same, relative to theirs: 0.1 to 100', weight)
    .option('--max-in-flight <n>', 'predictions that it may have queued or running at a time, or "none"', limit)
    .option('--json', 'print JSON')
    .action(async (username, { weight, maxInFlight, json }) => {
      const patch: AccountPatch = {
        ...(weight !== undefined && { weight }),
        ...(maxInFlight !== undefined && { max_in_flight: limitOrNull(maxInFlight) }),
      };
      if (Object.keys(patch).length === 0) program.error('error: say what to change: --weight or --max-in-flight');
      const account = await connect().accounts.update(username, patch);
      if (json) return printJson(account);
      print(renderTable(HEADER, [rowOf(account)], ''));
    });
}

const HEADER = ['ACCOUNT', 'WEIGHT', 'MAX IN FLIGHT', 'IN FLIGHT', 'WAITING', 'HELD'];
const rowOf = (account: WireAccountShare): string[] => [
  account.username,
  String(account.weight),
  String(account.max_in_flight ?? 'none'),
  String(account.in_flight),
  String(account.waiting),
  String(account.held),
];

/** The API says which numbers it takes. */
function weight(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new InvalidArgumentError('It is a number from 0.1 to 100.');
  return value;
}
