/** Repository of copies of images that have none. */
const UNNAMED = 'hearth-copy';
const PINNED = /^(?:(.+)@)?sha256:([0-9a-f]{64})$/;
const COPY = /^(.+):sha256-([0-9a-f]{64})$/;

/**
 * The name of a copy of a pinned image. An engine knows the registry's digest only of what it pulled itself, and may give
 * what it was loaded with another id; so the digest becomes a tag. Null: it is not pinned.
 */
export function copyName(image: string): { readonly repo: string; readonly tag: string } | null {
  const [, repository = UNNAMED, digest] = PINNED.exec(image) ?? [];
  return digest === undefined ? null : { repo: repository, tag: `sha256-${digest}` };
}

/** The pinned image that a name says it is a copy of; null for any other name. */
export function copiedImage(name: string): string | null {
  const [, repository, digest] = COPY.exec(name) ?? [];
  if (digest === undefined) return null;
  return repository === UNNAMED ? `sha256:${digest}` : `${repository}@sha256:${digest}`;
}
