import { expect, test } from 'vitest';
import { inheritedSocket } from '../src/index.ts';

test.each([
  ['a socket from `hearth up`, which knows no process id', { LISTEN_FDS: '1' }, 3],
  ['one from systemd', { LISTEN_FDS: '1', LISTEN_PID: String(process.pid), LISTEN_FDNAMES: 'api' }, 3],
  ['one that is meant for another process', { LISTEN_FDS: '1', LISTEN_PID: '1' }, null],
  ['no variables', {}, null],
  ['none handed', { LISTEN_FDS: '0' }, null],
])('%s', (_what, given, fd) => {
  const env: NodeJS.ProcessEnv = { ...given, PATH: '/bin' };
  expect(inheritedSocket(env)).toBe(fd);
  expect(env).toEqual({ PATH: '/bin' });
});
