import type { Command } from '@commander-js/extra-typings';
import type { AccountBudgetBody, TokenBudgetBody, WireBudget } from '@hearth/contract';
import { connect, UsageError } from '../connect.ts';
import { limit, limitOrNull } from '../limit-option.ts';
import { micros, money } from '../money.ts';
import { print, printJson, renderTable } from '../output.ts';

export function addBudgets(program: Command): void {
  const budgets = program.command('budgets').description('what accounts and tokens may spend and ask for');
  addList(budgets);
  addSet(budgets);
  budgets
    .command('remove')
    .description('remove a budget: its account or token has no limit any more')
    .option('--account <username>', 'that of this account (operators)')
    .option('--token <id>', 'that of this token, as `hearth tokens` lists it')
    .action(async (of) => {
      const subject = subjectOf(of);
      if (subject.kind === 'account') await connect().budgets.removeAccount(subject.name);
      else await connect().budgets.removeToken(subject.name);
      print(`removed the budget of ${subject.kind} ${subject.name}`);
    });
}

function addList(budgets: Command): void {
  budgets
    .command('list', { isDefault: true })
    .description('list budgets with what is spent and held of them, in UTC days and months')
    .option('--json', 'print JSON')
    .action(async ({ json }) => {
      const list = await connect().budgets.list();
      if (json) return printJson(list);
      print(renderTable(HEADER, list.map(rowOf), 'No budgets: nothing is limited.'));
    });
}

function addSet(budgets: Command): void {
  budgets
    .command('set')
    .description('set limits, or change them; what is left out stays as it is')
    .option('--account <username>', 'what all of an account may spend (operators)')
    .option('--token <id>', 'what one token may spend, as `hearth tokens` lists it')
    .option('--day <amount>', 'of the currency in a UTC day, or "none"')
    .option('--month <amount>', 'of the currency in a UTC month, or "none"')
    .option('--max-in-flight <n>', 'unfinished predictions of a token, or "none"; one more is refused', limit)
    .option('--creates-per-minute <n>', 'predictions and trainings that it may create in a minute, or "none"', limit)
    .option('--json', 'print JSON')
    .action(async ({ account, token, day, month, maxInFlight, createsPerMinute, json }) => {
      const subject = subjectOf({ account, token });
      const body: AccountBudgetBody = {
        ...(day !== undefined && { day_micros: amount('--day', day) }),
        ...(month !== undefined && { month_micros: amount('--month', month) }),
        ...(createsPerMinute !== undefined && { creates_per_minute: limitOrNull(createsPerMinute) }),
      };
      const ofToken: TokenBudgetBody = {
        ...body,
        ...(maxInFlight !== undefined && { max_in_flight: limitOrNull(maxInFlight) }),
      };
      if (Object.keys(ofToken).length === 0)
        throw new UsageError('Say what to limit: --day, --month, --max-in-flight or --creates-per-minute.');
      if (subject.kind === 'account' && maxInFlight !== undefined)
        throw new UsageError('What an account may have in flight is set with `hearth accounts set --max-in-flight`.');
      const budget =
        subject.kind === 'account'
          ? await connect().budgets.setAccount(subject.name, body)
          : await connect().budgets.setToken(subject.name, ofToken);
      if (json) return printJson(budget);
      print(renderTable(HEADER, [rowOf(budget)], ''));
    });
}

interface Subject {
  readonly kind: 'account' | 'token';
  /** A username, or a token's id. */
  readonly name: string;
}

function subjectOf({ account, token }: { account?: string | undefined; token?: string | undefined }): Subject {
  if (account !== undefined && token === undefined) return { kind: 'account', name: account };
  if (token !== undefined && account === undefined) return { kind: 'token', name: token };
  throw new UsageError('Say whose budget it is: --account <username>, or --token <id>.');
}

const HEADER = ['ACCOUNT', 'TOKEN', 'SPENT TODAY', 'OF', 'THIS MONTH', 'OF', 'HELD', 'IN FLIGHT', 'OF', 'A MINUTE'];
const rowOf = (budget: WireBudget): string[] => [
  budget.account,
  budget.token === null ? 'all' : `${budget.token.name} …${budget.token.hint}`,
  money(budget.day.spent_micros),
  limited(budget.day.limit_micros),
  money(budget.month.spent_micros),
  limited(budget.month.limit_micros),
  money(budget.held_micros),
  String(budget.in_flight),
  String(budget.max_in_flight ?? 'none'),
  String(budget.creates_per_minute ?? 'default'),
];
const limited = (amountMicros: number | null): string => (amountMicros === null ? 'none' : money(amountMicros));

const amount = (option: string, text: string): number | null => (text === 'none' ? null : micros(option, text));
