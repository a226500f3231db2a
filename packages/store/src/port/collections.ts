import type { Millis } from '@hearth/core';
import type { DescribedModel } from './catalogue.ts';
import type { Page } from './page.ts';
import type { PredictionRow } from './predictions.ts';

// Examples and collections are the api's.

/** Predictions that a model's owner shows. Their data is kept for as long as they are pinned. */
export interface Examples {
  /** Pinning twice is pinning once. `isDefault`: the one that the model is shown with, in place of another. */
  pin(modelId: string, predictionId: string, how?: { isDefault: boolean }): Promise<void>;
  /** False: it was not pinned. */
  unpin(modelId: string, predictionId: string): Promise<boolean>;
  /** None of its examples is the chosen one any more. */
  clearDefault(modelId: string): Promise<void>;
  /** The last pinned first. */
  list(modelId: string, page: Page): Promise<PredictionRow[]>;
}

export interface CollectionRow {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly fullDescription: string | null;
  readonly createdAt: Millis;
}
export interface Collections {
  list(page: Page): Promise<CollectionRow[]>;
  bySlug(slug: string): Promise<CollectionRow | null>;
  /** In the order that they were put in; those that `viewer` may see, left out: all. */
  models(id: string, viewer?: string): Promise<DescribedModel[]>;
  /** Makes it, or replaces it and its models. */
  put(
    row: Pick<CollectionRow, 'slug' | 'name' | 'description' | 'fullDescription'> & { modelIds: readonly string[] },
  ): Promise<CollectionRow>;
  remove(slug: string): Promise<boolean>;
  /** Slugs of the collections that each of these models is in; models in none are left out. */
  slugsOf(modelIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Those whose name or description has the text in it. */
  search(text: string, limit: number): Promise<CollectionRow[]>;
}
