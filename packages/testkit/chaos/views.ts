import type { WirePrediction, WireUsageRecord } from '@hearth/contract';
import type { Account } from './world.ts';

/** The API as a caller reads it when all is quiet again. */
export interface Api {
  readonly url: string;
  readonly accounts: readonly Account[];
}

const ANSWER_MS = 30_000;
const AT_ONCE = 16;

async function get(url: string, { token }: Account): Promise<Response> {
  return fetch(url, { headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(ANSWER_MS) });
}

async function* pages<T>(url: string, account: Account): AsyncGenerator<T[]> {
  for (let next: string | null = url; next !== null; ) {
    const response = await get(next, account);
    const text = await response.text();
    if (!response.ok) throw new Error(`GET ${next}: ${response.status} ${text}`);
    const page = JSON.parse(text) as { results: T[]; next: string | null };
    yield page.results;
    next = page.next;
  }
}

export interface Listed {
  readonly id: string;
  readonly status: WirePrediction['status'];
  /** Of the account in whose list it is. */
  readonly account: number;
}

/** How many predictions of all accounts have not ended. */
export async function notEnded({ url, accounts }: Api): Promise<number> {
  const [admin] = accounts;
  if (admin === undefined) throw new Error('there is no account');
  const counts = accounts.map(async ({ name }) => {
    const response = await get(`${url}/v1/accounts/${name}`, admin);
    const text = await response.text();
    if (!response.ok) throw new Error(`account ${name}: ${response.status} ${text}`);
    const { in_flight: inFlight, waiting, held } = JSON.parse(text) as Record<string, number>;
    return Number(inFlight) + Number(waiting) + Number(held);
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/** All predictions of all accounts, as their lists have them. */
export async function listed({ url, accounts }: Api): Promise<Map<string, Listed>> {
  const all = new Map<string, Listed>();
  for (const [number, account] of accounts.entries()) {
    for await (const page of pages<WirePrediction>(`${url}/v1/predictions`, account))
      for (const { id, status } of page) all.set(id, { id, status, account: number });
  }
  return all;
}

/** Each by itself; null: it is not there. */
export async function each(
  { url, accounts }: Api,
  all: readonly Listed[],
): Promise<Map<string, WirePrediction | null>> {
  const found = new Map<string, WirePrediction | null>();
  const left = [...all];
  const reader = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const account = accounts[next.account];
      if (account === undefined) throw new Error(`there is no account ${next.account}`);
      const response = await get(`${url}/v1/predictions/${next.id}`, account);
      const text = await response.text();
      if (!response.ok && response.status !== 404) throw new Error(`prediction ${next.id}: ${response.status} ${text}`);
      found.set(next.id, response.ok ? (JSON.parse(text) as WirePrediction) : null);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, reader));
  return found;
}

/** The whole ledger, as an admin sees it. */
export async function ledger({ url, accounts: [admin] }: Api): Promise<WireUsageRecord[]> {
  if (admin === undefined) throw new Error('there is no account');
  const records: WireUsageRecord[] = [];
  for await (const page of pages<WireUsageRecord>(`${url}/v1/usage`, admin)) records.push(...page);
  return records;
}

/** What the files that predictions gave hold, by the prediction; in place of one that is not to be had, its refusal. */
export async function downloads(
  { accounts: [admin] }: Api,
  finals: ReadonlyMap<string, WirePrediction | null>,
): Promise<Map<string, string>> {
  if (admin === undefined) throw new Error('there is no account');
  const texts = new Map<string, string>();
  for (const [id, final] of finals) {
    if (typeof final?.output !== 'string' || !URL.canParse(final.output)) continue;
    const response = await get(final.output, admin);
    texts.set(id, response.ok ? await response.text() : `refused with ${response.status}`);
  }
  return texts;
}
