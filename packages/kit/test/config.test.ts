import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  ConfigError,
  durationMs,
  loadConfig,
  sizeBytes,
  zBoolean,
  zDuration,
  zPort,
  zSize,
  zUrl,
} from '../src/index.ts';

describe('durationMs', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['1.5s', 1500],
    ['90', 90_000],
    ['0', 0],
  ])('reads %s as %d ms', (text, ms) => expect(durationMs(text)).toBe(ms));

  it.each(['', '5 minutes', '-5s', 'm', '5x', '1h!30m', '99999999999999d'])(
    'refuses %j with the value and the forms',
    (text) => expect(() => durationMs(text)).toThrow(`"${text}" is not a duration such as 500ms`),
  );
});

describe('sizeBytes', () => {
  it.each([
    ['512', 512],
    ['512KiB', 524_288],
    ['100MiB', 104_857_600],
    ['2GB', 2_000_000_000],
    ['1.5 GiB', 1_610_612_736],
  ])('reads %s as %d bytes', (text, bytes) => expect(sizeBytes(text)).toBe(bytes));

  it.each(['', '5 bananas', '-1MB', 'MB', '5m'])('refuses %j with the value and the forms', (text) =>
    expect(() => sizeBytes(text)).toThrow(`"${text}" is not a size such as 512KiB`),
  );
});

describe('loadConfig', () => {
  const schema = z.object({
    DATABASE_URL: zUrl(),
    HEARTH_PORT: zPort().prefault('7600'),
    HEARTH_KEEP_ALIVE: zDuration().prefault('5m'),
    HEARTH_UPLOAD_LIMIT: zSize().prefault('100MiB'),
    HEARTH_QUIET: zBoolean().prefault('false'),
    HEARTH_RUNTIME: z.enum(['auto', 'docker', 'process']).default('auto'),
    HEARTH_API_TOKEN: z.string().startsWith('hth_', { error: 'a token that starts with hth_' }).optional(),
  });
  const complaint = (env: Record<string, string>) => {
    try {
      loadConfig(schema, env);
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
    return 'nothing to complain about';
  };

  it('parses text and fills in defaults; an empty value counts as unset', () => {
    expect(loadConfig(schema, { DATABASE_URL: 'postgres://h/db', HEARTH_PORT: '', HEARTH_QUIET: 'on' })).toEqual({
      DATABASE_URL: 'postgres://h/db',
      HEARTH_PORT: 7600,
      HEARTH_KEEP_ALIVE: 300_000,
      HEARTH_UPLOAD_LIMIT: 104_857_600,
      HEARTH_QUIET: true,
      HEARTH_RUNTIME: 'auto',
    });
  });

  it('names every bad key, its value and what is allowed', () => {
    expect(
      complaint({
        HEARTH_PORT: '70000',
        HEARTH_KEEP_ALIVE: 'soon',
        HEARTH_RUNTIME: 'podman',
        HEARTH_QUIET: 'maybe',
      }).split('\n'),
    ).toEqual([
      'DATABASE_URL is not set; allowed: an absolute URL such as http://localhost:7600',
      'HEARTH_PORT is "70000"; allowed: a whole number from 0 to 65535',
      'HEARTH_KEEP_ALIVE is "soon"; allowed: a duration such as 500ms, 30s, 5m, 1h30m or 2d (a plain number is seconds)',
      'HEARTH_QUIET is "maybe"; allowed: true, 1, yes, on, false, 0, no, off',
      'HEARTH_RUNTIME is "podman"; allowed: auto, docker, process',
    ]);
  });

  it('never prints a secret', () => {
    const text = complaint({ DATABASE_URL: 'postgres//u:hunter2@h/db', HEARTH_API_TOKEN: 'hunter3' });
    expect(text).not.toContain('hunter');
    expect(text).toContain('HEARTH_API_TOKEN is [secret]; allowed: a token that starts with hth_');
  });
});
