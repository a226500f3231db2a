import {
  BOARD_SECTIONS,
  type BoardChange,
  type BoardDeployment,
  type BoardHost,
  type BoardInstance,
  type BoardPrediction,
  type BoardSection,
  type BoardSnapshot,
} from '@hearth/contract';
import { useSyncExternalStore } from 'react';

/** Everything live, by id. A row that has said the same since is the same object, and so is a section. */
export interface Board {
  /** `lost`: what is shown may be old; it is being connected anew. */
  readonly line: 'connecting' | 'live' | 'lost';
  readonly deployments: ReadonlyMap<string, BoardDeployment>;
  readonly instances: ReadonlyMap<string, BoardInstance>;
  readonly hosts: ReadonlyMap<string, BoardHost>;
  readonly predictions: ReadonlyMap<string, BoardPrediction>;
}

export const NO_BOARD: Board = {
  line: 'connecting',
  deployments: new Map(),
  instances: new Map(),
  hosts: new Map(),
  predictions: new Map(),
};

/** The board after a snapshot, which replaces all of it. */
export const afterSnapshot = (said: BoardSnapshot): Board => ({
  line: 'live',
  deployments: byId(said.deployments),
  instances: byId(said.instances),
  hosts: byId(said.hosts),
  predictions: byId(said.predictions),
});

/** The board after a change; sections of which nothing was said stay the same objects. */
export function afterChange(board: Board, { upserts, removals }: BoardChange): Board {
  return {
    line: 'live',
    deployments: changed(board.deployments, upserts.deployments, removals.deployments),
    instances: changed(board.instances, upserts.instances, removals.instances),
    hosts: changed(board.hosts, upserts.hosts, removals.hosts),
    predictions: changed(board.predictions, upserts.predictions, removals.predictions),
  };
}

const byId = <Row extends { readonly id: string }>(rows: readonly Row[]): ReadonlyMap<string, Row> =>
  new Map(rows.map((row) => [row.id, row]));

function changed<Row extends { readonly id: string }>(
  rows: ReadonlyMap<string, Row>,
  upserts: readonly Row[] = [],
  removals: readonly string[] = [],
): ReadonlyMap<string, Row> {
  if (upserts.length === 0 && removals.length === 0) return rows;
  const next = new Map(rows);
  for (const row of upserts) next.set(row.id, row);
  for (const id of removals) next.delete(id);
  return next;
}

/** After one page was left, the next one mostly asks at once. */
const LINGER_MS = 3_000;
const RECONNECT_MS = 2_000;

/** One connection for the whole page, held while somebody looks. What comes within a frame is shown at once. */
class BoardSource {
  #heard = NO_BOARD;
  #shown = NO_BOARD;
  #frame = 0;
  #events: EventSource | null = null;
  #linger: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();

  readonly read = (): Board => this.#shown;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    clearTimeout(this.#linger);
    if (this.#events === null) this.#connect();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#linger = setTimeout(() => this.#leave(), LINGER_MS);
    };
  };

  #connect(): void {
    const events = new EventSource('/v1/board/events');
    this.#events = events;
    events.addEventListener('snapshot', ({ data }) => this.#hear(afterSnapshot(JSON.parse(data))));
    events.addEventListener('change', ({ data }) => this.#hear(afterChange(this.#heard, JSON.parse(data))));
    events.addEventListener('error', () => {
      this.#hear({ ...this.#heard, line: 'lost' });
      // Anything but a broken line, such as a restart that answers 502, is not tried again by the browser itself.
      if (events.readyState === EventSource.CLOSED) this.#retry = setTimeout(() => this.#connect(), RECONNECT_MS);
    });
  }

  #leave(): void {
    clearTimeout(this.#retry);
    this.#events?.close();
    this.#events = null;
  }

  #hear(board: Board): void {
    this.#heard = board;
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#show());
  }

  #show(): void {
    this.#frame = 0;
    this.#shown = this.#heard;
    for (const listener of this.#listeners) listener();
  }
}

const source = new BoardSource();

/** What `select` finds on the live board. Renders anew only where it answers another object: answer rows and sections. */
export const useBoard = <Selected>(select: (board: Board) => Selected): Selected =>
  useSyncExternalStore(source.subscribe, () => select(source.read()));

/** One row; undefined where it is not there. */
export const useBoardRow = <Section extends BoardSection>(section: Section, id: string) =>
  useBoard((board) => board[section].get(id)) as RowOf<Section> | undefined;

type RowOf<Section extends BoardSection> = Board[Section] extends ReadonlyMap<string, infer Row> ? Row : never;

/** Whether the first snapshot is still to come. */
export const useBoardPending = (): boolean =>
  useBoard((board) => BOARD_SECTIONS.every((section) => board[section] === NO_BOARD[section]));
