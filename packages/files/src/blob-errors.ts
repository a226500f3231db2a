/** More bytes came than were allowed; nothing of them is kept. */
export class BlobTooLarge extends Error {
  override readonly name = 'BlobTooLarge';
  readonly maxBytes: number;

  constructor(id: string, maxBytes: number) {
    super(`blob ${id} is larger than ${maxBytes} bytes`);
    this.maxBytes = maxBytes;
  }
}

/** There is no such blob, or it was removed. */
export class BlobMissing extends Error {
  override readonly name = 'BlobMissing';

  constructor(id: string) {
    super(`there is no blob ${id}`);
  }
}

const ID = /^[A-Za-z0-9_-]{3,128}$/;

export const isBlobId = (text: string): boolean => ID.test(text);

/** Ids become file names and object keys, so nothing else is let through: no dots, no slashes. @throws RangeError */
export function assertBlobId(id: string): void {
  if (!isBlobId(id))
    throw new RangeError(`blob id ${JSON.stringify(id)} is not 3 to 128 characters of A-Z a-z 0-9 _ -`);
}
