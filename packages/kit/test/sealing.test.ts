import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, property, string } from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureSecretKeys, zSecretKeys } from '../src/sealing/keys.ts';
import { createSealer, SealBroken } from '../src/sealing/sealer.ts';

const OLD = 'the old key of the tests: long enough';
const NEW = 'the new key of the tests: long enough';

describe('a sealer', () => {
  const sealer = createSealer([OLD]);

  it('opens what it sealed, for what it was sealed for only', () => {
    assert(
      property(string({ unit: 'binary' }), string(), (text, subject) => {
        const sealed = sealer.seal(text.toWellFormed(), subject);
        expect(sealer.open(sealed, subject)).toBe(text.toWellFormed());
        expect(() => sealer.open(sealed, `${subject} `)).toThrow(SealBroken);
      }),
    );
  });

  it('seals the same text differently each time, and nothing of it shows', () => {
    const [one, other] = [sealer.seal('sk-live-1234567890', 'a'), sealer.seal('sk-live-1234567890', 'a')];
    expect(one).not.toBe(other);
    expect(one).not.toContain('sk-live');
    expect(Buffer.from(one.split('.')[2] ?? '', 'base64url').toString('latin1')).not.toContain('sk-live');
  });

  it('notices every change', () => {
    const sealed = sealer.seal('secret', 'a');
    const [version, id, body = ''] = sealed.split('.');
    for (let at = 0; at < body.length; at++) {
      const other = body[at] === 'A' ? 'B' : 'A';
      const changed = `${version}.${id}.${body.slice(0, at)}${other}${body.slice(at + 1)}`;
      if (Buffer.from(changed.split('.')[2] ?? '', 'base64url').equals(Buffer.from(body, 'base64url'))) continue;
      expect(() => sealer.open(changed, 'a'), changed).toThrow(SealBroken);
    }
    for (const broken of ['', 'v1', `v2.${id}.${body}`, `v1.${id}.`, `v1.${id}.AAAA`, 'secret'])
      expect(() => sealer.open(broken, 'a'), broken).toThrow(SealBroken);
  });

  it('opens what the key before it sealed, and says which key is missing where it is gone', () => {
    const sealed = sealer.seal('secret', 'a');
    const [, id] = sealed.split('.');
    expect(createSealer([NEW, OLD]).open(sealed, 'a')).toBe('secret');
    expect(() => createSealer([NEW]).open(sealed, 'a')).toThrow(`it was sealed with the key ${id}, which is not here`);
    expect(createSealer([NEW, OLD]).seal('secret', 'a').split('.')[1]).not.toBe(id);
  });

  it('digests the same text alike under one key and otherwise under another', () => {
    expect(sealer.digest('1234')).toBe(createSealer([OLD]).digest('1234'));
    expect(sealer.digest('1234')).not.toBe(createSealer([NEW]).digest('1234'));
    expect(sealer.digest('1234')).not.toBe(sealer.digest('1235'));
  });
});

it.each(['short', `${OLD},short`, `,${OLD}`])('HEARTH_SECRET_KEY=%s is refused', (text) => {
  expect(zSecretKeys().safeParse(text).error?.issues[0]?.message).toMatch('at least 32 characters');
});

it('HEARTH_SECRET_KEY takes several, the newest first', () => {
  expect(zSecretKeys().parse(`${NEW}, ${OLD}`)).toEqual([NEW, OLD]);
});

describe('the key in the data folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hearth-key-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is made once, however many servers start, for its owner only, and nothing else is left there', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => ensureSecretKeys(join(folder, 'data'))));
    expect(new Set(made.flat()).size).toBe(1);
    expect(await ensureSecretKeys(join(folder, 'data'))).toEqual(made[0]);
    expect(await readdir(join(folder, 'data'))).toEqual(['secret.key']);
    const path = join(folder, 'data', 'secret.key');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await readFile(path, 'utf8')).trim()).toBe(made[0]?.[0]);
  });
});
