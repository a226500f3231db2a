import { expect, it } from 'vitest';
import { engineRemedy, wordsOf } from '../src/hosts/engine-errors.ts';
import { oldProbes } from '../src/hosts/probe.ts';
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
  ['ssh: connect to host 10.0.0.2 port 22: Connection refused', 'ssh://ada@gpu1', /No SSH server listens on ada@gpu1/],
  ['self-signed certificate in certificate chain', 'tcp://gpu2:2376', /not signed by the given --ca/],
  ['no answer within 8 s', 'tcp://gpu2:2376', /firewall/],
])('%s: says what to do', (said, at, remedy) => {
  expect(engineRemedy(new Error(said), at)).toMatch(remedy);
});

it.each([
  [
    'write EPROTO 404D:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:../deps/openssl/c.c:77:\n',
    'TLS: wrong version number',
  ],
  [
    '404D:error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert bad certificate:../deps/openssl/c.c:918:SSL alert number 42',
    'TLS: ssl/tls alert bad certificate',
  ],
  [
    'unable to verify the first certificate; if the root CA is installed locally, try running Node.js with --use-system-ca',
    'unable to verify the first certificate',
  ],
  ['(HTTP code 500) server error - no space left on device ', 'no space left on device'],
  ['ssh: one\nand two', 'ssh: one and two'],
])('of %j an operator reads the words', (said, words) => {
  expect(wordsOf(new Error(said))).toBe(words);
});

it('a look around that its engine was killed under is removed once it cannot be going on any more', () => {
  const listed = [
    { Id: 'left', Created: 39 },
    { Id: 'going on', Created: 40 },
  ];
  expect(oldProbes(listed, 100)).toEqual(['left']);
});
