import { describe, expect, it, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { fenceNetwork } from '../src/fence/bridge.ts';
import { fenceNote, isolationCheck } from '../src/fence/isolation-check.ts';
import { platformAddresses } from '../src/fence/platform-addresses.ts';
import { fenceScript } from '../src/fence/rules.ts';

const SECCOMP = { SecurityOptions: ['name=seccomp,profile=default'] };
const up = { state: { kind: 'up', tool: 'iptables v1.8.9' }, refusal: null, hasQuota: false } as const;
const down = {
  state: { kind: 'down', why: 'there is no iptables on it', remedy: 'Install it.' },
  refusal: null,
  hasQuota: false,
} as const;

describe('the check of isolation', () => {
  it('is ok with rules and seccomp, and says what else keeps containers in', () => {
    const { status, detail } = isolationCheck(up, SECCOMP);
    expect(status).toBe('ok');
    expect(detail).toMatch(/iptables v1\.8\.9.*userns-remap is off.*not bounded/);
    const remapped = isolationCheck(
      { ...up, hasQuota: true },
      { SecurityOptions: [...SECCOMP.SecurityOptions, 'name=userns'] },
    );
    expect(remapped.detail).toMatch(/not the root of the host.*is bounded/);
    expect(isolationCheck(up, { SecurityOptions: [...SECCOMP.SecurityOptions, 'name=rootless'] }).detail).toMatch(
      /rootless/,
    );
  });
  it('warns where the engine has no seccomp filter, or runs containers without', () => {
    expect(isolationCheck(up, { SecurityOptions: [] })).toMatchObject({
      status: 'warning',
      remedy: expect.any(String),
    });
    expect(isolationCheck(up, { SecurityOptions: ['name=seccomp,profile=unconfined'] })).toMatchObject({
      status: 'warning',
    });
  });
  it('warns of missing rules with the remedy, and fails where they are required', () => {
    expect(isolationCheck(down, SECCOMP)).toEqual({
      name: 'isolation',
      status: 'warning',
      detail: 'Its containers are not kept apart: there is no iptables on it.',
      remedy: 'Install it.',
    });
    expect(isolationCheck({ ...down, refusal: 'refused' }, SECCOMP)).toMatchObject({
      status: 'failed',
      detail: 'refused',
    });
    expect(fenceNote(down.state)).toMatch(/not kept apart: there is no iptables/);
  });
});

test('a bridge has a name that the kernel takes, and one for each installation', () => {
  const { bridge } = fenceNetwork('01ARZ3NDEKTSV4RRFFQ69G5FAV');
  expect(bridge).toMatch(/^hearth-[0-9a-f]{8}$/);
  expect(fenceNetwork('another').bridge).not.toBe(bridge);
});

test('the platform closes its own machines before what an operator opened, and opens the dispatcher before that', () => {
  const script = fenceScript({
    bridge: 'hearth-00000000',
    callbacks: ['10.0.0.5'],
    callbackPort: 7601,
    kept: ['10.0.0.5'],
    allow: ['10.0.0.0/24'],
    egress: 'internet',
  });
  const out = script
    .split('\n')
    .filter((line) => line.includes('-A HEARTH-00000000-OUT') && line.includes('-d 10.0.0.'));
  expect(out.map((line) => line.trim())).toEqual([
    "echo '-A HEARTH-00000000-OUT -d 10.0.0.5 -p tcp --dport 7601 -j RETURN'",
    "echo '-A HEARTH-00000000-OUT -d 10.0.0.5 -j REJECT'",
    "echo '-A HEARTH-00000000-OUT -d 10.0.0.0/24 -j RETURN'",
    "echo '-A HEARTH-00000000-OUT -d 10.0.0.0/8 -j REJECT'",
  ]);
});

test("the addresses of stores and hosts are the platform's; a socket has none, and neither has a name of nobody", async () => {
  const connection = { tls: null, ssh: { identity: null, knownHosts: null }, bindAddress: null, callbackHost: null };
  const found = await platformAddresses({
    urls: ['postgres://user@11.0.0.1:5432/db', 'unix:///run/redis.sock', 'redis://127.0.0.1:6379'],
    hosts: async () => [
      { connection: { ...connection, url: 'tcp://11.0.0.2:2375', address: '11.0.0.3' } },
      { connection: { ...connection, url: 'ssh://ada@nobody.invalid', address: null } },
      { connection: null },
    ],
  });
  expect(found).toEqual(expect.arrayContaining(['11.0.0.1', '11.0.0.2', '11.0.0.3']));
  expect(found).not.toContain('127.0.0.1');
});

describe('what is configured', () => {
  const read = (env: Record<string, string>) => readConfig({ DATABASE_URL: 'postgres://localhost/hearth', ...env });
  it('is the internet, and rules where they can be had, unless it is said otherwise', () => {
    expect(read({}).fencePolicy).toEqual({ isolation: 'prefer', egress: 'internet', allow: [] });
    expect(read({ HEARTH_ALLOW_EGRESS: '10.0.0.5, 192.168.7.0/24' }).fencePolicy.allow).toEqual([
      '10.0.0.5',
      '192.168.7.0/24',
    ]);
    expect(read({ HEARTH_INSTANCE_DISK: 'off' }).instanceDiskBytes).toBeNull();
    expect(read({ HEARTH_INSTANCE_DISK: '2GB' }).instanceDiskBytes).toBe(2_000_000_000);
  });
  it.each(['10.0.0.300', 'fd00::/8', '10.0.0.0/33', 'registry.internal', '10.0.0.1;reboot', ''.padEnd(3, ',')])(
    '%s is no range that can be opened',
    (value) => {
      expect(() => read({ HEARTH_ALLOW_EGRESS: value })).toThrow(
        /HEARTH_ALLOW_EGRESS is .* allowed: IPv4 addresses and ranges/,
      );
    },
  );
  it('a disk of no size is refused with what is allowed', () => {
    expect(() => read({ HEARTH_INSTANCE_DISK: 'plenty' })).toThrow(
      /HEARTH_INSTANCE_DISK is "plenty"; allowed: off, or/,
    );
  });
});
