import { newId } from '@hearth/kit';
import type { Accounts, Files, Ledger, Retention, Store, Usage, Uses } from '@hearth/store';
import { budgetsOf } from './budgets.ts';
import { deploymentsOf, modelsOf } from './deployments.ts';
import { hostsOf } from './hosts.ts';
import { consumersOf, instancesOf } from './instances.ts';
import { messagesOf } from './messages.ts';
import { predictionsOf } from './predictions.ts';
import { createTables, type Tables } from './tables.ts';

export interface MemoryStore {
  readonly store: Store;
  /** What it holds, to be looked at and watched. */
  readonly tables: Tables;
}

/**
 * The parts of the store that the scheduler, the dispatcher and whoever makes predictions use, in memory: each call is one
 * step that nothing comes between, as a statement of Postgres is. What is not here throws.
 */
export function createMemoryStore({ now }: { readonly now: () => number }): MemoryStore {
  const tables = createTables();
  const parts: Partial<Store> = {
    accounts: part('accounts', accountsOf(tables, now)),
    models: part('models', modelsOf(tables, now)),
    imports: part('imports', { pending: async () => [] }),
    deployments: part('deployments', deploymentsOf(tables, now)),
    hosts: part('hosts', hostsOf(tables, now)),
    images: part('images', { inUse: async () => [], ofHost: async () => [] }),
    instances: part('instances', instancesOf(tables, now)),
    consumers: part('consumers', consumersOf(tables)),
    predictions: part('predictions', predictionsOf(tables)),
    messages: part('messages', messagesOf(tables)),
    usage: part('usage', usageOf(tables)),
    ledger: part('ledger', ledgerOf(tables)),
    budgets: part('budgets', budgetsOf(tables)),
    sealedInputs: part('sealedInputs', { of: async () => new Map(), removeOver: async () => 0 }),
    uses: part('uses', usesOf(tables)),
    // When instances were busy is for charts; nothing in memory draws them.
    history: part('history', { addBusy: async () => {}, removeBusyBefore: async () => 0 }),
    files: part('files', filesOf(tables)),
    retention: part('retention', retentionOf(tables)),
    settings: {
      async ensure(key, make) {
        return (tables.settings.get(key) ?? tables.settings.put({ key, value: make() })).value;
      },
    },
    ping: async () => {},
    lead: async () => {
      throw new Error('nobody leads by a store in memory: who runs the servers says who leads');
    },
    close: async () => {},
  };
  return { store: store(parts), tables };
}

/** Parts that are not here have no methods, and each says so. */
const store = (parts: Partial<Store>): Store =>
  new Proxy(parts as Store, {
    get: (known, name) => (name in known ? Reflect.get(known, name) : part(String(name), {})),
  });

/** Completes a part of the port: what is missing says so when it is called. */
function part<Port extends object>(name: string, methods: Partial<NoInfer<Port>>): Port {
  const missing = (method: string | symbol) => () => {
    throw new Error(`the store in memory has no ${name}.${String(method)}`);
  };
  return new Proxy(methods as Port, {
    get: (known, method) => (method in known ? Reflect.get(known, method) : missing(method)),
  });
}

function accountsOf({ accounts, secrets }: Tables, now: () => number): Partial<Accounts> {
  return {
    async ensure({ owner: _owner, ...account }) {
      const known = accounts.all().find(({ username }) => username === account.username);
      const {
        weight: _w,
        maxInFlight: _m,
        ...row
      } = known ?? accounts.put({ ...account, id: newId(now()), createdAt: now(), weight: 1, maxInFlight: null });
      return row;
    },
    async usernameOf(id) {
      return accounts.get(id)?.username ?? null;
    },
    async setShare(username, share) {
      const known = accounts.all().find((account) => account.username === username);
      if (known === undefined) return false;
      if (share.weight !== undefined && (share.weight < 0.1 || share.weight > 100))
        throw new RangeError(`a weight of ${share.weight} violates check constraint "accounts_weight_check"`);
      accounts.put({ ...known, ...share });
      return true;
    },
    async webhookSecrets(accountId, make) {
      if (accounts.get(accountId) === undefined) return [];
      return [(secrets.get(accountId) ?? secrets.put({ accountId, secret: make() })).secret];
    },
  };
}

const usageOf = ({ usage }: Tables): Partial<Usage> => ({
  async list({ accountId, kind = 'run', limit, before, after }) {
    if (kind !== 'run') return [];
    const runs = usage
      .all()
      .filter((run) => accountId === undefined || run.accountId === accountId)
      .map((run) => ({ ...run, kind, corrects: null, reason: null, madeBy: null }));
    // Towards the beginning of the list, those nearest to the key.
    if (after !== undefined)
      return runs
        .filter(({ id }) => id > after)
        .slice(0, limit)
        .toReversed();
    const older = runs.filter(({ id }) => before === undefined || id < before);
    return older.toReversed().slice(0, limit);
  },
});

/** Each record once in its account's chain, in the order in which it was found unsealed. */
const ledgerOf = ({ usage, seals }: Tables): Partial<Ledger> => ({
  async seal(limit) {
    const unsealed = usage.all().filter(({ id }) => seals.get(id) === undefined);
    for (const { id } of unsealed.slice(0, limit)) seals.put({ id, sequence: seals.size + 1 });
    return Math.min(unsealed.length, limit);
  },
});

function usesOf(tables: Tables): Uses {
  return {
    load: async () => ({ rows: tables.uses.all(), pooled: tables.pooled }),
    async save(rows, pooled) {
      for (const row of rows) if (tables.deployments.get(row.deploymentId) !== undefined) tables.uses.put(row);
      tables.pooled = pooled;
    },
  };
}

const filesOf = ({ files }: Tables): Partial<Files> => ({
  insert: async (row) => files.put(row),
  get: async (id) => files.get(id) ?? null,
  async claim(ids, { id, accountId }) {
    for (const fileId of ids) {
      files.change(
        fileId,
        (file) => file.kind === 'output' && file.predictionId === null,
        () => ({ predictionId: id, accountId }),
      );
    }
  },
});

const retentionOf = ({ files }: Tables): Partial<Retention> => ({
  expireLeftovers: async () => 0,
  expiredFiles: async () => [],
  removeFiles: async () => {},
  knownFiles: async (ids) => ids.filter((id) => files.get(id) !== undefined),
});
