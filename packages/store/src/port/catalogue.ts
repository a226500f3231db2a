import type { Millis, RuntimeKind } from '@hearth/core';
import type { Page } from './page.ts';

// Accounts, tokens, models and versions are the api's; an import is asked for by the api and answered by the scheduler.

export interface AccountRow {
  readonly id: string;
  readonly type: 'user' | 'organization';
  readonly username: string;
  readonly name: string;
  readonly createdAt: Millis;
}
export type Role = 'admin' | 'member';
export interface TokenRow {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly role: Role;
  /** The last four characters, to tell tokens apart in a list. */
  readonly hint: string;
  readonly createdAt: Millis;
}
export interface Accounts {
  byUsername(username: string): Promise<AccountRow | null>;
  /** Makes the account unless its username is taken; answers the one that stands. */
  ensure(account: Pick<AccountRow, 'type' | 'username' | 'name'>): Promise<AccountRow>;
  /** `hash`: SHA-256 of the token, hex. The token itself is never stored. */
  addToken(token: { accountId: string; name: string; role: Role; hash: string; hint: string }): Promise<TokenRow>;
  tokens(accountId: string): Promise<TokenRow[]>;
  removeToken(id: string): Promise<boolean>;
  byTokenHash(hash: string): Promise<{ account: AccountRow; token: TokenRow } | null>;
  hasAdminToken(): Promise<boolean>;
}

export interface ModelRow {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly description: string | null;
  readonly visibility: 'public' | 'private';
  readonly hardwareSku: string;
  readonly githubUrl: string | null;
  readonly paperUrl: string | null;
  readonly licenseUrl: string | null;
  readonly coverImageUrl: string | null;
  readonly createdAt: Millis;
}

/** Where a version's server comes from. `path` versions run as processes of the host, `image` versions in Docker. */
export type VersionSource =
  | { readonly kind: 'image'; readonly image: string }
  | {
      readonly kind: 'path';
      readonly path: string;
      readonly command: readonly string[];
      readonly env: Readonly<Record<string, string>>;
    };

export interface VersionRow {
  /** 64 hex digits: the image's digest, or the digest of folder, command and environment. */
  readonly id: string;
  readonly modelId: string;
  readonly owner: string;
  readonly name: string;
  readonly source: VersionSource;
  readonly runtime: RuntimeKind;
  /** The container's whole OpenAPI document. */
  readonly openapiSchema: Record<string, unknown>;
  readonly cogVersion: string;
  /** Predictions that one instance takes at once. */
  readonly slots: number;
  readonly createdAt: Millis;
}
export interface Models {
  insert(model: Omit<ModelRow, 'id' | 'createdAt'>): Promise<ModelRow | 'taken'>;
  byName(owner: string, name: string): Promise<ModelRow | null>;
  list(
    page: Page & { accountUsername?: string | undefined },
  ): Promise<(ModelRow & { runCount: number; latestVersion: VersionRow | null })[]>;
  /** One query: the model, how often it ran, and its newest version. */
  describe(
    owner: string,
    name: string,
  ): Promise<(ModelRow & { runCount: number; latestVersion: VersionRow | null }) | null>;
  /**
   * Idempotent: the same id of the same model answers the row that stands.
   * @throws VersionElsewhere when another model has it
   */
  insertVersion(version: Omit<VersionRow, 'createdAt' | 'owner' | 'name'>): Promise<VersionRow>;
  version(id: string): Promise<VersionRow | null>;
  latestVersion(owner: string, name: string): Promise<VersionRow | null>;
  versions(modelId: string, page: Page): Promise<VersionRow[]>;
}

/**
 * A version on its way in. The api asks; the scheduler, which alone sees Docker and the host's folders, looks and answers;
 * the api then inserts the version. `boot`: it had to be started once to be asked for its schema.
 */
export interface ImportRow {
  readonly id: string;
  readonly modelId: string;
  readonly source: VersionSource;
  readonly state: 'requested' | 'done' | 'failed';
  readonly result: ImportResult | null;
  readonly error: string | null;
  readonly createdAt: Millis;
}
export interface ImportResult {
  readonly versionId: string;
  /** With the image pinned by digest where it has one. */
  readonly source: VersionSource;
  readonly openapiSchema: Record<string, unknown>;
  readonly cogVersion: string;
  readonly slots: number;
}
export interface Imports {
  request(row: { modelId: string; source: VersionSource }): Promise<ImportRow>;
  get(id: string): Promise<ImportRow | null>;
  /** scheduler */
  pending(): Promise<ImportRow[]>;
  /** scheduler; false when it was answered already. */
  answer(id: string, answer: { result: ImportResult } | { error: string }): Promise<boolean>;
}
