import { ApiError, type Client } from '@hearth/contract';

export interface ModelToEnsure {
  readonly owner: string;
  readonly name: string;
  /** Counts when it is made now, like `description`. */
  readonly hardware: string;
  readonly description?: string | undefined;
  /** When it is made now; left out: `public`. */
  readonly visibility?: 'public' | 'private';
}

/** Makes a model unless there is one of that name; the one that stands is left as it is. */
export async function ensureModel(
  client: Client,
  { owner, name, hardware, description, visibility = 'public' }: ModelToEnsure,
): Promise<void> {
  try {
    await client.models.create({ owner, name, visibility, hardware, description });
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 'name-taken')) throw error;
  }
}
