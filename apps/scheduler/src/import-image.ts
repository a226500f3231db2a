import type { VersionSource } from '@hearth/store';
import { z } from 'zod';
import { isTooOld, TOO_OLD } from './cog-age.ts';
import { messageOf } from './errors.ts';
import { ImportRefused, slotsOf } from './import-folder.ts';
import type { ImageFacts } from './runtime/runtime.ts';

export interface ImageVersion {
  readonly versionId: string;
  readonly source: Extract<VersionSource, { kind: 'image' }>;
  readonly slots: number | null;
  readonly cogVersion: string | null;
  /** Null where its labels lack it: it must be booted once and asked. */
  readonly openapiSchema: Record<string, unknown> | null;
}

/**
 * A version from an image's own facts. It is pinned by the registry's digest where it has one, so that another host can
 * pull the same bytes; an image that was only built here is pinned by its own id.
 * Source: the labels that `cog build` writes.
 * @throws ImportRefused where a label cannot be read, or says that its Cog is too old
 */
export function versionOfImage(image: string, facts: ImageFacts): ImageVersion {
  const pinned = pinnedReference(image, facts);
  const cogVersion = facts.labels['run.cog.version'] ?? null;
  if (cogVersion !== null && isTooOld(cogVersion))
    throw new ImportRefused(`it was built by Cog ${cogVersion}, whose servers have no GET /health-check. ${TOO_OLD}`);
  const versionId = pinned.slice(pinned.indexOf('sha256:') + 'sha256:'.length);
  return {
    versionId,
    source: { kind: 'image', image: pinned },
    slots: slotsOf(facts.env, jsonLabel(facts, 'run.cog.config')),
    cogVersion,
    openapiSchema: jsonLabel(facts, 'run.cog.openapi_schema'),
  };
}

/** By the registry's digest where it has one, else by the engine's own id. */
export function pinnedReference(image: string, { id, repoDigests }: Pick<ImageFacts, 'id' | 'repoDigests'>): string {
  return repoDigests.find((digest) => digest.startsWith(`${repositoryOf(image)}@`)) ?? repoDigests[0] ?? id;
}

/**
 * Whether a registry may by now have another image under the name that this one goes by here: a tag moves, a digest does
 * not, and what was only built here is in no registry.
 */
export const mayHaveMoved = (image: string, here: ImageFacts): boolean =>
  !image.includes('sha256:') && here.repoDigests.some((digest) => digest.startsWith(`${repositoryOf(image)}@`));

/** Where no registry answers, what is here is all there is. */
export const isCurrent = (here: ImageFacts, registryDigest: string | null): boolean =>
  registryDigest === null || here.repoDigests.some((digest) => digest.endsWith(`@${registryDigest}`));

/** `registry:5000/name:tag@sha256:…` without tag and digest. */
const repositoryOf = (image: string): string => image.replace(/@sha256:.*$/, '').replace(/:[^/:]*$/, '');

const JsonObject = z.record(z.string(), z.unknown());

function jsonLabel(facts: ImageFacts, label: string): Record<string, unknown> | null {
  const text = facts.labels[label];
  if (text === undefined || text === '') return null;
  try {
    return JsonObject.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? '' : `: ${messageOf(error)}`;
    throw new ImportRefused(`its label ${label} is not a JSON object${why}`);
  }
}
