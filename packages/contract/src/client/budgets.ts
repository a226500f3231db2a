import type { AccountBudgetBody, TokenBudgetBody, WireBudget } from '../north/budget.ts';
import type { Http } from './http.ts';
import { part } from './path.ts';

const ofAccount = (username: string): string => `/accounts/${part(username)}/budget`;
const ofToken = (id: string): string => `/tokens/${part(id)}/budget`;

/** The part of the client that is about what accounts and tokens may spend. */
export const createBudgets = (http: Http) => ({
  /** Of the account that asks and its tokens; of all accounts where an operator asks. */
  list: () => http.get<WireBudget[]>('/budgets'),
  setAccount: (username: string, body: AccountBudgetBody) => http.json<WireBudget>('PUT', ofAccount(username), body),
  removeAccount: (username: string) => http.empty('DELETE', ofAccount(username)),
  setToken: (id: string, body: TokenBudgetBody) => http.json<WireBudget>('PUT', ofToken(id), body),
  removeToken: (id: string) => http.empty('DELETE', ofToken(id)),
});
