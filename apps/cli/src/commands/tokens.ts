import type { Command } from '@commander-js/extra-typings';
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { SCOPES } from '@hearth/contract';
import { durationMs, systemNow } from '@hearth/kit';
import { connect } from '../connect.ts';
import { ago, print, printJson, renderTable } from '../output.ts';

export function addTokens(program: Command): void {
  const tokens = program.command('tokens').description('list, add or remove API tokens');
  tokens
    .command('list', { isDefault: true })
    .description('list tokens; of each only the last four characters are known')
    .option('--account <username>', 'those of this account, instead of your own')
    .option('--json', 'print JSON')
    .action(async ({ account, json }) => {
      const list = await connect().tokens.list(account);
      if (json) return printJson(list);
      const now = systemNow();
      const rows = list.map((token) => [
        token.id,
        token.name,
        token.username,
        token.member,
        token.operator ? `${token.scope}, operator` : token.scope,
        `…${token.hint}`,
        ago(token.created_at, now),
        token.last_used_at === null ? 'never' : `${ago(token.last_used_at, now)} ago`,
        expiry(token.expires_at, now),
      ]);
      print(renderTable(HEADER, rows, 'No tokens.'));
    });
  tokens
    .command('add')
    .alias('create')
    .description('make a token; it is printed once')
    .argument('<name>', 'what it is for')
    .option('--account <username>', 'whose it is; made where there is no such account (operators)')
    .option('--member <name>', 'which member of the account; left out, you, or the first owner of another account')
    .addOption(
      new Option('--scope <scope>', 'what it may do; each has what the ones before it have')
        .choices(SCOPES)
        .default('run' as const),
    )
    .option('--operator', 'the scope is for all accounts, and hosts, hardware and accounts come with admin')
    .option('--expires <duration>', 'over after this: 12h, 90d; left out, when it is removed', lasting)
    .option('--json', 'print JSON, the token among the rest')
    .action(async (name, { account, member, scope, operator, expires, json }) => {
      const made = await connect().tokens.create({
        name,
        scope,
        ...(account !== undefined && { username: account }),
        ...(member !== undefined && { member }),
        ...(operator && { operator }),
        ...(expires !== undefined && { expires_at: new Date(systemNow() + expires).toISOString() }),
      });
      if (json) return printJson(made);
      print(made.token);
    });
  tokens
    .command('remove')
    .description('remove a token; it stops working within seconds')
    .argument('<id>', 'as `hearth tokens` lists it')
    .action(async (id) => {
      await connect().tokens.remove(id);
      print(`removed ${id}`);
    });
}

const HEADER = ['ID', 'NAME', 'ACCOUNT', 'MEMBER', 'SCOPE', 'TOKEN', 'AGE', 'LAST USED', 'EXPIRES'];

function expiry(at: string | null, now: number): string {
  if (at === null) return 'never';
  return Date.parse(at) <= now ? 'expired' : at.slice(0, 10);
}

function lasting(text: string): number {
  try {
    return durationMs(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InvalidArgumentError('It is a duration such as 12h or 90d.');
  }
}
