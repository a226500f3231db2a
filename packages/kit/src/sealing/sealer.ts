import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

/** Sealed text cannot be opened: it was sealed with a key that is not here, for something else, or was changed. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}

/** Keeps what must not be read where it is stored. */
export interface Sealer {
  /** `subject`: what it is for; sealed text is of no use for anything else. */
  seal(text: string, subject: string): string;
  /** @throws SealBroken */
  open(sealed: string, subject: string): string;
  /** A digest that says nothing to who has no key, however few texts there may be. */
  digest(text: string): string;
}

interface Key {
  readonly id: string;
  readonly cipher: Buffer;
  readonly mac: Buffer;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM with the first of `secrets`, each of which opens what it sealed: a new key goes in front of the old one. A
 * seal is `v1.<key id>.<iv, text and tag in base64url>`; the key's id is eight hex digits that say nothing of the key.
 */
export function createSealer(secrets: readonly [string, ...string[]]): Sealer {
  const [newest, ...older] = secrets;
  const current = keyOf(newest);
  const keys = new Map([current, ...older.map(keyOf)].map((key) => [key.id, key]));
  return {
    seal(text, subject) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', current.cipher, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(subject));
      const body = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `v1.${current.id}.${body.toString('base64url')}`;
    },
    open(sealed, subject) {
      const [, id = '', encoded = ''] = /^v1\.([0-9a-f]{8})\.([\w-]+)$/.exec(sealed) ?? [];
      const key = keys.get(id);
      if (key === undefined) throw new SealBroken(`it was sealed with the key ${id || '(none)'}, which is not here`);
      const body = Buffer.from(encoded, 'base64url');
      try {
        const iv = body.subarray(0, IV_BYTES);
        const decipher = createDecipheriv('aes-256-gcm', key.cipher, iv, { authTagLength: TAG_BYTES });
        decipher.setAAD(Buffer.from(subject));
        decipher.setAuthTag(body.subarray(-TAG_BYTES));
        return Buffer.concat([decipher.update(body.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
      } catch (error) {
        throw new SealBroken(`its seal with the key ${id} is broken`, { cause: error });
      }
    },
    digest: (text) => createHmac('sha256', current.mac).update(text).digest('hex'),
  };
}

const derived = (secret: string, purpose: string, bytes: number): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', `hearth ${purpose}`, bytes));

const keyOf = (secret: string): Key => ({
  id: derived(secret, 'key id', 4).toString('hex'),
  cipher: derived(secret, 'sealing', 32),
  mac: derived(secret, 'digest', 32),
});
