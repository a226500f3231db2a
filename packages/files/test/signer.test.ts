import { describe, expect, it } from 'vitest';
import { createSigner } from '../src/index.ts';

const signer = createSigner('a secret of the installation');

describe('signer', () => {
  it('verifies until the expiry, not at it', () => {
    const signature = signer.sign('file1', 1000);
    expect(signature).toMatch(/^1000\.[\w-]{43}$/);
    expect(signer.verify('file1', signature, 999)).toBe(true);
    expect(signer.verify('file1', signature, 1000)).toBe(false);
  });

  it.each([
    ['another file', 'file2', signer.sign('file1', 1000)],
    ['a later expiry', 'file1', signer.sign('file1', 1000).replace('1000', '9999')],
    ['another secret', 'file1', createSigner('a secret of another house').sign('file1', 1000)],
    ['a cut signature', 'file1', signer.sign('file1', 1000).slice(0, -1)],
    ['nothing', 'file1', ''],
    ['no expiry', 'file1', 'abc'],
    ['an expiry in words', 'file1', signer.sign('file1', 1000).replace('1000', '1e9')],
  ])('refuses %s', (_what, id, signature) => expect(signer.verify(id, signature, 0)).toBe(false));

  it('refuses a secret that is no secret', () => expect(() => createSigner('short')).toThrow(RangeError));
});
