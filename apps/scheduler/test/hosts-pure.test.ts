import { expect, it } from 'vitest';
import { engineRemedy } from '../src/hosts/engine-errors.ts';
import { isLost } from '../src/hosts/pulse.ts';

it.each([
  ['it answers', { lastAnswerAt: 0, failures: 0 }, 60_000, false],
  ['once is not enough, after a sleep', { lastAnswerAt: 0, failures: 1 }, 60_000, false],
  ['not for long enough', { lastAnswerAt: 0, failures: 3 }, 6_999, false],
  ['lost', { lastAnswerAt: 0, failures: 2 }, 7_000, true],
] as const)('a pulse: %s', (_, heard, now, want) => {
  expect(isLost(heard, now)).toBe(want);
});

it.each([
  ['connect ECONNREFUSED 10.0.0.2:2375', 'tcp://gpu2:2375', /Nothing listens there/],
  ['Client sent an HTTP request to an HTTPS server.', 'tcp://gpu2:2376', /speaks TLS/],
  ['Host key verification failed.', 'ssh://ada@gpu1', /`ssh ada@gpu1` once/],
  ['ada@gpu1: Permission denied (publickey).', 'ssh://ada@gpu1', /authorized_keys/],
  ['channel 2: open failed: connect failed: No such file', 'ssh://ada@gpu1', /group \(`docker`\)/],
  ['self-signed certificate in certificate chain', 'tcp://gpu2:2376', /not signed by the given --ca/],
  ['no answer within 8 s', 'tcp://gpu2:2376', /firewall/],
])('%s: says what to do', (said, at, remedy) => {
  expect(engineRemedy(new Error(said), at)).toMatch(remedy);
});
