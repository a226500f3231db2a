import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createDownloadSigner } from '../src/index.ts';

const SECRET = 'the files signing secret';
const signer = createDownloadSigner(SECRET);
const grant = { owner: 'ada', id: 'file1', expiry: '1000' };
const signature = signer.sign(grant);

describe('download signatures', () => {
  it('are what Replicate documents', () => {
    expect(signature).toBe(createHmac('sha256', SECRET).update('ada file1 1000').digest('base64'));
  });

  it('are good until the expiry, not at it', () => {
    expect(signer.verify(grant, signature, 999)).toBe(true);
    expect(signer.verify(grant, signature, 1000)).toBe(false);
  });

  it.each([
    ['another owner', { ...grant, owner: 'eve' }, signature],
    ['another file', { ...grant, id: 'file2' }, signature],
    ['a later expiry', { ...grant, expiry: '2000' }, signature],
    ['the same expiry in other digits', { ...grant, expiry: '01000' }, signature],
    ['an expiry in words', { ...grant, expiry: '1e3' }, signer.sign({ ...grant, expiry: '1e3' })],
    ['another secret', grant, createDownloadSigner('the secret of another').sign(grant)],
    ['a cut signature', grant, signature.slice(0, -1)],
    ['nothing', grant, ''],
  ])('are refused with %s', (_what, of, given) => expect(signer.verify(of, given, 0)).toBe(false));

  it('need a secret that is one', () => expect(() => createDownloadSigner('short')).toThrow(RangeError));
});
