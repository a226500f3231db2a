import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const script = new URL('./fixtures/log.ts', import.meta.url).pathname;
const logged = (form: string): string => execFileSync(process.execPath, [script, form], { encoding: 'utf8' });

describe('createLogger', () => {
  it('writes JSON lines with the room, whole before an exit', () => {
    const lines = logged('json')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { level: 30, room: 'fixture', msg: 'said' },
      { level: 50, room: 'fixture', msg: 'failed', err: { type: 'Error', message: 'broken' } },
    ]);
  });

  it.skipIf(process.platform !== 'linux')('goes on where its disk is full', () => {
    const full = openSync('/dev/full', 'w');
    execFileSync(process.execPath, [script, 'json'], { stdio: ['ignore', full, 'inherit'] });
    closeSync(full);
  });

  it.each(['json', 'pretty'])('prints secrets as [secret] in %s', (form) => {
    const text = logged(form);
    expect(text).not.toContain('hunter2');
    expect(text.match(/\[secret\]/g)).toHaveLength(3);
    expect(text).toContain('broken');
  });
});
