import type { Command } from '@commander-js/extra-typings';
import { Option } from '@commander-js/extra-typings';
import { systemNow } from '@hearth/kit';
import { connect } from '../connect.ts';
import { ago, print, printJson, renderTable } from '../output.ts';

export function addTokens(program: Command): void {
  const tokens = program.command('tokens').description('list, create or remove API tokens');
  tokens
    .command('list', { isDefault: true })
    .description('list tokens; of each only the last four characters are known')
    .option('--account <username>', 'those of this account, instead of your own')
    .option('--json', 'print JSON')
    .action(async ({ account, json }) => {
      const list = await connect().tokens.list(account);
      if (json) return printJson(list);
      const rows = list.map((token) => [
        token.id,
        token.name,
        token.username,
        token.role,
        `…${token.hint}`,
        ago(token.created_at, systemNow()),
        token.last_used_at === null ? 'never' : `${ago(token.last_used_at, systemNow())} ago`,
      ]);
      print(renderTable(['ID', 'NAME', 'ACCOUNT', 'ROLE', 'ENDS IN', 'AGE', 'LAST USED'], rows, 'No tokens.'));
    });
  tokens
    .command('create')
    .description('make a token; it is printed once')
    .argument('<name>', 'what it is for')
    .option('--account <username>', 'whose it is; made where there is no such account')
    .addOption(
      new Option('--role <role>', 'what it may do').choices(['admin', 'member'] as const).default('member' as const),
    )
    .action(async (name, { account, role }) => {
      const { token } = await connect().tokens.create({
        name,
        role,
        ...(account !== undefined && { username: account }),
      });
      print(token);
    });
  tokens
    .command('remove')
    .description('remove a token; it stops working at once')
    .argument('<id>', 'as `hearth tokens` lists it')
    .action(async (id) => {
      await connect().tokens.remove(id);
      print(`removed ${id}`);
    });
}
