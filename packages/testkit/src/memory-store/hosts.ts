import { type HostFindings, type HostRow, type Hosts, NOTHING_FOUND } from '@hearth/store';
import type { Tables } from './tables.ts';

const NOTHING_SAID = {
  labels: {},
  connection: null,
  declared: { devices: null, memoryMiB: null, cpus: null },
  cordoned: false,
  draining: false,
  checkAskedAt: null,
  checks: [],
  checkedAt: null,
} as const;

/** `now`: the database's own clock. */
export function hostsOf({ hosts, hardware }: Tables, now: () => number): Partial<Hosts> {
  const always = (): boolean => true;
  return {
    async add(id, settings, at) {
      if (hosts.get(id) !== undefined) return 'taken';
      const asked = { checks: [], checkedAt: null, checkAskedAt: at };
      return hosts.put({ id, ...settings, ...NOTHING_FOUND, ...asked, createdAt: at });
    },
    change: async (id, settings) => hosts.change(id, always, () => settings),
    async upsert({ id, name, ...findings }) {
      const known: HostRow = hosts.get(id) ?? { id, name, ...NOTHING_SAID, ...NOTHING_FOUND, createdAt: now() };
      hosts.put({ ...known, name, ...findingsIn(findings) });
    },
    async found(id, findings) {
      hosts.change(id, always, () => findingsIn(findings));
    },
    async checked(id, checks, checkedAt) {
      hosts.change(id, always, () => ({ checks, checkedAt }));
    },
    get: async (id) => hosts.get(id) ?? null,
    list: async () => hosts.all(),
    hardware: async () => hardware.all(),
    prices: async () =>
      new Map(
        hardware.all().map(({ sku, priceMicrosPerSecond }) => [sku, [{ priceMicrosPerSecond, effectiveFrom: 0 }]]),
      ),
    async putHardware(row) {
      const price = hardware.get(row.sku)?.priceMicrosPerSecond ?? row.priceMicrosPerSecond;
      // It would be in force later: prices change with notice.
      if (price !== row.priceMicrosPerSecond) throw new Error('no price changes in the store in memory');
      hardware.put(row);
    },
  };
}

/** The scheduler's columns alone: it passes the row that it knows, whose other columns are the api's. */
const findingsIn = (row: Partial<HostFindings>): Partial<HostFindings> =>
  Object.fromEntries(Object.entries(row).filter(([name, value]) => name in NOTHING_FOUND && value !== undefined));
