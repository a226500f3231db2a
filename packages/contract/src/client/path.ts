/** One part of a path: a name, an id. */
export const part = encodeURIComponent;

/** A query string of what is given. */
export const search = (values: Readonly<Record<string, string | undefined>>): string =>
  new URLSearchParams(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  ).toString();
