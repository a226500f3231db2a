import { isDeepStrictEqual } from 'node:util';
import type {
  BoardChange,
  BoardDeployment,
  BoardHost,
  BoardInstance,
  BoardPrediction,
  BoardSnapshot,
} from '@hearth/contract';

/** What one look found. */
export interface BoardRows {
  readonly deployments: readonly BoardDeployment[];
  readonly instances: readonly BoardInstance[];
  readonly hosts: readonly BoardHost[];
  readonly predictions: readonly BoardPrediction[];
}

/** What a watcher was told, by id. A row that has said the same since is the same object, and so is a board. */
export interface Board {
  readonly deployments: ReadonlyMap<string, BoardDeployment>;
  readonly instances: ReadonlyMap<string, BoardInstance>;
  readonly hosts: ReadonlyMap<string, BoardHost>;
  readonly predictions: ReadonlyMap<string, BoardPrediction>;
}

export const EMPTY_BOARD: Board = {
  deployments: new Map(),
  instances: new Map(),
  hosts: new Map(),
  predictions: new Map(),
};

/** The board after a look; the board before it where nothing says anything else. */
export function settled(before: Board, rows: BoardRows): Board {
  const after: Board = {
    deployments: settledSection(before.deployments, rows.deployments),
    instances: settledSection(before.instances, rows.instances),
    hosts: settledSection(before.hosts, rows.hosts),
    predictions: settledSection(before.predictions, rows.predictions),
  };
  const isSame =
    after.deployments === before.deployments &&
    after.instances === before.instances &&
    after.hosts === before.hosts &&
    after.predictions === before.predictions;
  return isSame ? before : after;
}

/** Everything, for one who knows nothing. */
export const snapshotOf = (board: Board, at: string): BoardSnapshot => ({
  at,
  deployments: [...board.deployments.values()],
  instances: [...board.instances.values()],
  hosts: [...board.hosts.values()],
  predictions: [...board.predictions.values()],
});

/** What takes one who knows `from` to `to`, however many looks lie between them. Sections that are the same are left out. */
export function changeBetween(from: Board, to: Board, at: string): BoardChange {
  const deployments = changeIn(from.deployments, to.deployments);
  const instances = changeIn(from.instances, to.instances);
  const hosts = changeIn(from.hosts, to.hosts);
  const predictions = changeIn(from.predictions, to.predictions);
  const all = { deployments, instances, hosts, predictions };
  const removals = Object.entries(all).flatMap(([section, { removals: ids }]) =>
    ids.length === 0 ? [] : [[section, ids] as const],
  );
  return {
    at,
    upserts: {
      ...(deployments.upserts.length > 0 && { deployments: deployments.upserts }),
      ...(instances.upserts.length > 0 && { instances: instances.upserts }),
      ...(hosts.upserts.length > 0 && { hosts: hosts.upserts }),
      ...(predictions.upserts.length > 0 && { predictions: predictions.upserts }),
    },
    removals: Object.fromEntries(removals),
  };
}

function settledSection<Row extends { readonly id: string }>(
  before: ReadonlyMap<string, Row>,
  rows: readonly Row[],
): ReadonlyMap<string, Row> {
  const after = new Map(
    rows.map((row) => {
      const known = before.get(row.id);
      return [row.id, known !== undefined && isDeepStrictEqual(known, row) ? known : row];
    }),
  );
  const isSame = after.size === before.size && [...after].every(([id, row]) => before.get(id) === row);
  return isSame ? before : after;
}

function changeIn<Row extends { readonly id: string }>(
  from: ReadonlyMap<string, Row>,
  to: ReadonlyMap<string, Row>,
): { readonly upserts: Row[]; readonly removals: string[] } {
  if (from === to) return { upserts: [], removals: [] };
  return {
    upserts: [...to.values()].filter((row) => from.get(row.id) !== row),
    removals: [...from.keys()].filter((id) => !to.has(id)),
  };
}
