import type { Millis } from '@hearth/core';
import type { AccountRow } from './catalogue.ts';
import type { TokenRow } from './members.ts';

/** A sign-in at the web UI: as good as the token it was made with, and over with it. */
export interface SessionRow {
  readonly account: AccountRow;
  readonly token: TokenRow;
  readonly expiresAt: Millis;
}

/** api: makes and ends them. */
export interface Sessions {
  /** `hash`: SHA-256 of what the cookie holds, hex. Takes the sessions that are over away. */
  add(session: { hash: string; tokenId: string; expiresAt: Millis }): Promise<void>;
  /** Also one that is over: whoever asks has the time. */
  byHash(hash: string): Promise<SessionRow | null>;
  /** False: there was none. */
  remove(hash: string): Promise<boolean>;
}
