import type { Command } from '@commander-js/extra-typings';
import { Option } from '@commander-js/extra-typings';
import type { Client, WireMember } from '@hearth/contract';
import { systemNow } from '@hearth/kit';
import { connect } from '../connect.ts';
import { ago, print, printJson, renderTable } from '../output.ts';

const ACCOUNT = ['--account <username>', 'of this account, instead of your own (operators)'] as const;
const role = () => new Option('--role <role>', 'owners manage the account').choices(['owner', 'member'] as const);

export function addMembers(program: Command): void {
  const members = program.command('members').description('see and change the people of an account (owners)');
  members
    .command('list', { isDefault: true })
    .description('list owners and members')
    .option(...ACCOUNT)
    .option('--json', 'print JSON')
    .action(async ({ account, json }) => {
      const client = connect();
      const list = await client.members.list(await accountFor(client, account));
      if (json) return printJson(list);
      print(renderTable(HEADER, list.map(rowOf), 'No members.'));
    });
  members
    .command('add')
    .description('add a person; `hearth tokens add --member` makes their tokens')
    .argument('<name>', 'as they are called within the account')
    .addOption(role().default('member' as const))
    .option(...ACCOUNT)
    .action(async (name, options) => {
      const client = connect();
      const made = await client.members.add(await accountFor(client, options.account), { name, role: options.role });
      print(renderTable(HEADER, [rowOf(made)], ''));
    });
  members
    .command('set')
    .description('make a member an owner, or an owner a member; their tokens follow at once')
    .argument('<name>')
    .addOption(role().makeOptionMandatory())
    .option(...ACCOUNT)
    .action(async (name, options) => {
      const client = connect();
      const changed = await client.members.update(await accountFor(client, options.account), name, options.role);
      print(renderTable(HEADER, [rowOf(changed)], ''));
    });
  members
    .command('remove')
    .description('remove a person, with all their tokens and sign-ins')
    .argument('<name>')
    .option(...ACCOUNT)
    .action(async (name, { account }) => {
      const client = connect();
      await client.members.remove(await accountFor(client, account), name);
      print(`removed ${name}`);
    });
}

const accountFor = async (client: Client, account: string | undefined): Promise<string> =>
  account ?? (await client.account()).username;

const HEADER = ['NAME', 'ROLE', 'SINCE'];
const rowOf = (member: WireMember): string[] => [
  member.name,
  member.role,
  `${ago(member.created_at, systemNow())} ago`,
];
