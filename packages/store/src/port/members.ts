import type { Millis } from '@hearth/core';
import type { AccountRow } from './catalogue.ts';

// Members and tokens are the api's.

/** An owner manages the account, a member uses it. */
export type MemberRole = 'owner' | 'member';
/** A person of an account. Every account has an owner, and every token is somebody's. */
export interface MemberRow {
  readonly id: string;
  readonly name: string;
  readonly role: MemberRole;
  readonly createdAt: Millis;
}
export interface Members {
  /** Owners and members, by name. */
  members(accountId: string): Promise<MemberRow[]>;
  member(accountId: string, name: string): Promise<MemberRow | null>;
  addMember(accountId: string, member: Pick<MemberRow, 'name' | 'role'>): Promise<MemberRow | 'taken'>;
  /** Null: there is no such member. */
  setMemberRole(accountId: string, name: string, role: MemberRole): Promise<MemberRow | 'last-owner' | null>;
  /** With all of the member's tokens and sessions. */
  removeMember(accountId: string, name: string): Promise<'removed' | 'last-owner' | null>;
}

export type Scope = 'read' | 'run' | 'deploy' | 'admin';
export interface TokenRow {
  readonly id: string;
  readonly accountId: string;
  /** The account's. */
  readonly username: string;
  /** The member's name. */
  readonly member: string;
  readonly memberRole: MemberRole;
  readonly name: string;
  /** As it was given; what it allows is less where the member's role is. */
  readonly scope: Scope;
  /** Of the installation's operator: for all accounts. */
  readonly operator: boolean;
  /** The last four characters, to tell tokens apart in a list. */
  readonly hint: string;
  readonly createdAt: Millis;
  /** From then on it is as if it were removed; null: never. */
  readonly expiresAt: Millis | null;
  /** To the minute or so: see `noteUse`. Null: never. */
  readonly lastUsedAt: Millis | null;
}
export interface NewToken extends Pick<TokenRow, 'accountId' | 'name' | 'scope' | 'hint'> {
  /** Left out: the account's first owner's. */
  readonly memberId?: string | undefined;
  readonly operator?: boolean;
  readonly expiresAt?: Millis | null;
  /** SHA-256 of the token, hex. The token itself is never stored. */
  readonly hash: string;
}
export interface Tokens {
  /** @throws MemberGone when the member was removed meanwhile */
  addToken(token: NewToken): Promise<TokenRow>;
  /** Newest first. */
  tokens(accountId: string): Promise<TokenRow[]>;
  token(id: string): Promise<TokenRow | null>;
  removeToken(id: string): Promise<boolean>;
  byTokenHash(hash: string): Promise<{ account: AccountRow; token: TokenRow } | null>;
  /** api: every now and then while a token is in use, never for every request. Earlier than what is known changes nothing. */
  noteUse(tokenId: string, at: Millis): Promise<void>;
  /** One that is not over and may do everything. */
  hasOperatorToken(): Promise<boolean>;
}
