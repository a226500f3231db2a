import type { Audit } from './port/audit.ts';
import type { Budgets } from './port/budgets.ts';
import type { Accounts, Imports, Models } from './port/catalogue.ts';
import type { Collections, Examples } from './port/collections.ts';
import type { Deployments } from './port/deployments.ts';
import type { Consumers, Hosts, Instances } from './port/fleet.ts';
import type { History } from './port/history.ts';
import type { Images } from './port/images.ts';
import type { Ledger } from './port/ledger.ts';
import type { Messages } from './port/messages.ts';
import type { Files, Predictions, Usage } from './port/predictions.ts';
import type { Retention } from './port/retention.ts';
import type { SealedInputs } from './port/sealed-inputs.ts';
import type { Sessions } from './port/sessions.ts';
import type { Uses } from './port/uses.ts';

export type * from './port/audit.ts';
export type * from './port/budgets.ts';
export type * from './port/catalogue.ts';
export type * from './port/collections.ts';
export type * from './port/deployments.ts';
export type * from './port/fleet.ts';
export type * from './port/history.ts';
export type * from './port/images.ts';
export type * from './port/ledger.ts';
export type * from './port/members.ts';
export type * from './port/messages.ts';
export type * from './port/page.ts';
export type * from './port/predictions.ts';
export type * from './port/retention.ts';
export type * from './port/sealed-inputs.ts';
export type * from './port/sessions.ts';
export type * from './port/uses.ts';

/**
 * Everything durable, by owner. One writer per fact: each method names the room that may call it.
 * Every state write is a compare-and-set; `null` or `false` means "it moved on: look again", never an error.
 * Times are epoch milliseconds everywhere outside SQL.
 */
export interface Store {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly audit: Audit;
  readonly models: Models;
  readonly examples: Examples;
  readonly collections: Collections;
  readonly imports: Imports;
  readonly deployments: Deployments;
  readonly hosts: Hosts;
  readonly images: Images;
  readonly instances: Instances;
  readonly consumers: Consumers;
  readonly predictions: Predictions;
  readonly sealedInputs: SealedInputs;
  readonly budgets: Budgets;
  readonly messages: Messages;
  readonly usage: Usage;
  readonly ledger: Ledger;
  readonly uses: Uses;
  readonly history: History;
  readonly files: Files;
  readonly retention: Retention;
  readonly settings: Settings;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  /**
   * Holds a session-level advisory lock on a connection of its own: at most one process leads a room.
   * Resolves when the lock is won. A standby waits here, and takes over within 8 s from a leader that says nothing more.
   */
  lead(room: 'scheduler' | 'dispatcher', signal: AbortSignal): Promise<Lead>;
  close(): Promise<void>;
}

export interface Lead {
  /** Fires when the lead is gone: its connection ended, or the database was silent for 5 s. */
  readonly lost: AbortSignal;
  /** Whether nobody else can lead yet. True to the moment, also in a process that was paused and goes on now. */
  isHeld(): boolean;
  resign(): Promise<void>;
}

export interface Settings {
  /** The value under `key`; made by `make` and kept on first sight, safely from many processes at once. */
  ensure(key: string, make: () => string): Promise<string>;
}
