import type { Millis, RuntimeKind } from '@hearth/core';
import type { Members, Tokens } from './members.ts';
import type { Page } from './page.ts';
import type { PredictionRow } from './predictions.ts';

// Accounts, tokens, models and versions are the api's; an import is asked for by the api and answered by the scheduler.

export interface AccountRow {
  readonly id: string;
  readonly type: 'user' | 'organization';
  readonly username: string;
  readonly name: string;
  readonly createdAt: Millis;
}
/** How much of the fleet an account gets where others want it too. */
export interface AccountShare {
  /** Relative to other accounts, 0.1 to 100. */
  readonly weight: number;
  /** Predictions that it may have queued or running at a time, over all deployments; null: any number. */
  readonly maxInFlight: number | null;
}
/** An account as an operator sees it, with what it asks for now. */
export interface AccountOverview extends AccountRow, AccountShare {
  /** In queues. */
  readonly waiting: number;
  /** Not yet in one, for `maxInFlight`. */
  readonly held: number;
  readonly inFlight: number;
}
export interface NewAccount extends Pick<AccountRow, 'type' | 'username' | 'name'> {
  /** The name of its first owner; left out, the account's own. */
  readonly owner?: string | undefined;
}
export interface Accounts extends Tokens, Members {
  byUsername(username: string): Promise<AccountRow | null>;
  usernameOf(id: string): Promise<string | null>;
  /** Newest first. */
  overview(page: Page): Promise<AccountOverview[]>;
  overviewOf(username: string): Promise<AccountOverview | null>;
  /** api: for predictions made from now on; a limit also for those that wait. False: there is no such account. */
  setShare(username: string, share: Partial<AccountShare>): Promise<boolean>;
  /** Makes the account with its first owner unless its username is taken; answers the one that stands. */
  ensure(account: NewAccount): Promise<AccountRow>;
  /** The same, where it has to be a new one. */
  insert(account: NewAccount): Promise<AccountRow | 'taken'>;
  /**
   * What the webhooks of an account are signed with now, newest first; the first is made by `make` and kept on first sight,
   * by whoever asks. Empty: there is no such account.
   */
  webhookSecrets(accountId: string, make: () => string): Promise<string[]>;
  /** api: from now on `secret` signs, and the one before it too, until `previousUntil`. */
  rotateWebhookSecret(accountId: string, secret: string, previousUntil: Millis): Promise<void>;
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
  readonly weightsUrl: string | null;
  readonly coverImageUrl: string | null;
  readonly createdAt: Millis;
}
/** A model as a catalogue shows it. */
export interface DescribedModel extends ModelRow {
  /** Predictions and trainings that were made on it. */
  readonly runCount: number;
  readonly latestVersion: VersionRow | null;
  /** The example that was chosen, else the first that was pinned. */
  readonly defaultExample: PredictionRow | null;
  /** Of the newest version, run without a deployment; null where it never succeeded. */
  readonly typicalRun: TypicalRun | null;
}
/** The middle of the last successful runs. */
export interface TypicalRun {
  /** How many it is the middle of. */
  readonly runs: number;
  readonly predictMicroseconds: number;
  /** Millionths of the operator's currency. */
  readonly costMicros: number;
}
export type ModelChange = Partial<
  Pick<
    ModelRow,
    | 'description'
    | 'visibility'
    | 'hardwareSku'
    | 'githubUrl'
    | 'paperUrl'
    | 'licenseUrl'
    | 'weightsUrl'
    | 'coverImageUrl'
  > & { readonly readme: string | null }
>;
/** Where a model stands in a list: the instant that the list is ordered by (0: it has no version yet), and its id. */
export interface ModelPlace {
  readonly at: Millis;
  readonly id: string;
}
/** What keeps a version from being removed. */
export type VersionUse =
  /** `owner/name` of one that a user made. */
  | { readonly kind: 'deployment'; readonly name: string }
  | { readonly kind: 'predictions'; readonly unfinished: number }
  /** `owner/name` of another account's model that has a version trained from it. */
  | { readonly kind: 'training'; readonly model: string };
/** What keeps a model from being removed. */
export type ModelUse = 'public' | 'versions' | 'imports' | 'trainings';

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
  /** The version that a training began with; null: it was imported. */
  readonly baseVersionId: string | null;
  /** The file that its server is told of at boot (`COG_WEIGHTS`); null: it was imported. */
  readonly weightsFileId: string | null;
  readonly createdAt: Millis;
}
export interface Models {
  insert(model: Omit<ModelRow, 'id' | 'createdAt' | 'weightsUrl'>): Promise<ModelRow | 'taken'>;
  byName(owner: string, name: string): Promise<ModelRow | null>;
  /** `viewer`: public models and those of this username; left out, all. Ordered by the newest version, newest first. */
  list(
    query: Page<ModelPlace> & {
      viewer?: string | undefined;
      accountUsername?: string | undefined;
      sortBy?: 'model_created_at' | 'latest_version_created_at' | undefined;
      direction?: 'asc' | 'desc' | undefined;
    },
  ): Promise<(DescribedModel & { place: ModelPlace })[]>;
  /** Those of these ids that `viewer` may see, in the order of the ids. */
  byIds(ids: readonly string[], viewer?: string): Promise<DescribedModel[]>;
  describe(owner: string, name: string): Promise<DescribedModel | null>;
  readme(id: string): Promise<string | null>;
  update(id: string, change: ModelChange): Promise<ModelRow | null>;
  /** Leaves lists, and its name is free. Null: it is gone already. */
  remove(id: string): Promise<'removed' | ModelUse | null>;
  /**
   * Models whose name, description or readme has all words of the text, or whose name has words that begin like them;
   * best first. `score` compares within one answer.
   */
  search(query: {
    text: string;
    viewer?: string | undefined;
    limit: number;
  }): Promise<(DescribedModel & { score: number })[]>;
  /**
   * Idempotent: the same id of the same model answers the row that stands.
   * Imported ones only: those of trainings come with the training's end, from the dispatcher.
   * One that was removed comes back, as the newest.
   * @throws VersionElsewhere when another model has it
   * @throws ModelGone when the model was removed meanwhile
   */
  insertVersion(
    version: Omit<VersionRow, 'createdAt' | 'owner' | 'name' | 'baseVersionId' | 'weightsFileId'>,
  ): Promise<VersionRow>;
  version(id: string): Promise<VersionRow | null>;
  latestVersion(owner: string, name: string): Promise<VersionRow | null>;
  versions(modelId: string, page: Page): Promise<VersionRow[]>;
  /**
   * Leaves lists and cannot be run; its implicit deployments go with it, so that the scheduler drains what runs.
   * Null: it is gone already.
   */
  removeVersion(id: string): Promise<'removed' | VersionUse | null>;
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
