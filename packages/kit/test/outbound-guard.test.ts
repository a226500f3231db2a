import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { outboundEnvironment, outboundRules } from '../src/outbound/environment.ts';
import { createOutboundGuard, OutboundRefused } from '../src/outbound/guard.ts';

const environment = (env: Record<string, string> = {}) =>
  z.object(outboundEnvironment).parse({ DATABASE_URL: 'postgres://p:p@127.0.0.1:5439/h', ...env });
const rulesOf = (env: Record<string, string> = {}) => outboundRules(environment(env));

function guardWith(names: Record<string, readonly string[]>, env: Record<string, string> = {}) {
  const asked: string[] = [];
  const rules = rulesOf(env);
  const guard = createOutboundGuard({
    rules,
    resolve: async (name) => {
      asked.push(name);
      const addresses = names[name];
      if (addresses === undefined) throw new Error(`ENOTFOUND ${name}`);
      return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    },
  });
  return { guard, asked };
}

const REFUSED_URLS = [
  'http://10.0.0.1/',
  'http://0xa000001/',
  'http://012.0.0.1/',
  'http://167772161/',
  'http://10.1/',
  'http://10.0.0.1./',
  'http://user:pass@10.0.0.1/',
  'http://public.test@10.0.0.1/',
  'http://[::ffff:10.0.0.1]/',
  'http://[64:ff9b::a00:1]/',
  'http://①⓪.0.0.1/',
  'http://private.test/',
  'http://PRIVATE.test./',
  'http://mixed.test/',
  'https://metadata.test/latest',
  'http://169.254.169.254/',
];

describe('what a URL leads to', () => {
  const names = {
    'public.test': ['93.184.215.14', '2606:4700::1111'],
    'private.test': ['10.0.0.1'],
    'private.test.': ['10.0.0.1'],
    'mixed.test': ['93.184.215.14', '10.0.0.1'],
    'metadata.test': ['169.254.169.254'],
    'local.test': ['127.0.0.1'],
    'db.test': ['93.184.215.20'],
  };

  it.each(REFUSED_URLS)('%s is refused', async (url) => {
    const { guard } = guardWith(names);
    expect(await guard.whyRefused(url)).toMatch(/^it leads to .+, which Hearth does not open/);
  });

  it('a public name is taken, and one that stands for nothing is left to whoever opens it', async () => {
    const { guard } = guardWith(names);
    expect(await guard.whyRefused('https://public.test/hook')).toBeNull();
    expect(await guard.whyRefused('https://unknown.test/hook')).toBeNull();
    await expect(guard.addressesOf('unknown.test', 443)).rejects.toThrow('ENOTFOUND');
  });

  it('says what it leads to and what would allow it; nothing would, of what is never opened', async () => {
    const { guard } = guardWith(names);
    expect(await guard.whyRefused('http://private.test:8080/hook')).toBe(
      'it leads to private.test, which is 10.0.0.1: a private address, which Hearth does not open for a URL that it was given. ' +
        'Who runs Hearth allows it with HEARTH_ALLOW_OUTBOUND=private.test:8080',
    );
    expect(await guard.whyRefused('http://169.254.169.254/')).not.toContain('HEARTH_ALLOW_OUTBOUND');
    const allowed = guardWith(names, { HEARTH_ALLOW_OUTBOUND: 'private.test:8080' });
    expect(await allowed.guard.whyRefused('http://private.test:8080/hook')).toBeNull();
    expect(await allowed.guard.whyRefused('http://10.0.0.1:8080/hook')).toMatch('HEARTH_ALLOW_OUTBOUND=10.0.0.1:8080');
  });

  it('asks the resolver once for each connection, so that what was checked is what is connected to', async () => {
    const { guard, asked } = guardWith(names);
    const addresses = await guard.addressesOf('public.test', 443);
    expect(addresses.map(({ address }) => address)).toEqual(names['public.test']);
    expect(asked).toEqual(['public.test']);
    await expect(guard.addressesOf('mixed.test', 443)).rejects.toBeInstanceOf(OutboundRefused);
  });

  it('knows a store that is configured by name under its address too', async () => {
    const { guard } = guardWith(names, { DATABASE_URL: 'postgres://p:p@db.test:6000/h' });
    expect(await guard.whyRefused('http://93.184.215.20:6000/')).toMatch('a port of this platform itself');
    expect(await guard.whyRefused('http://93.184.215.20/')).toBeNull();
  });
});

describe('the loopback', () => {
  const here = 'http://127.0.0.1:9000/hook';
  it.each([
    ['is open where nothing listens elsewhere', {}, null],
    ['is open with a public URL on it', { HEARTH_PUBLIC_URL: 'http://localhost:7600' }, null],
    ['is closed where the API listens for others', { HEARTH_HOST: '0.0.0.0' }, 'HEARTH_ALLOW_OUTBOUND=127.0.0.1:9000'],
    ['is closed behind a proxy', { HEARTH_PUBLIC_URL: 'https://hearth.example' }, 'HEARTH_ALLOW_OUTBOUND'],
    ['is open again where it is listed', { HEARTH_HOST: '::', HEARTH_ALLOW_OUTBOUND: '127.0.0.0/8' }, null],
  ])('%s', async (_what, env, refusal) => {
    const why = await guardWith({}, env).guard.whyRefused(here);
    if (refusal === null) expect(why).toBeNull();
    else expect(why).toMatch(refusal);
  });

  it.each([7600, 7601, 7602, 5439, 6390, 2375])('keeps our own port %i closed', async (port) => {
    const { guard } = guardWith(
      { localhost: ['127.0.0.1'] },
      { REDIS_URL: 'redis://localhost:6390', DOCKER_HOST: 'tcp://127.0.0.1:2375', HEARTH_ALLOW_OUTBOUND: '127.0.0.1' },
    );
    expect(await guard.whyRefused(`http://127.0.0.1:${port}/`)).toMatch('a port of this platform itself');
    expect(await guard.whyRefused(`http://localhost:${port}/`)).toMatch('a port of this platform itself');
  });
});

it('an address that this machine got while it ran leads to its own ports too', async () => {
  const addresses = ['127.0.0.1'];
  const bridge = '172.19.0.1';
  const rules = outboundRules(environment({ HEARTH_ALLOW_OUTBOUND: '172.16.0.0/12' }), () => ({
    any: addresses.map((address) => ({
      address,
      netmask: '255.255.0.0',
      family: 'IPv4',
      mac: '00:00:00:00:00:00',
      internal: false,
      cidr: `${address}/16`,
    })),
  }));
  const guard = createOutboundGuard({ rules });
  expect(await guard.whyRefused(`http://${bridge}:7601/`)).toBeNull();
  addresses.push(bridge);
  expect(await guard.whyRefused(`http://${bridge}:7601/`)).toMatch('a port of this platform itself');
  expect(await guard.whyRefused(`http://${bridge}:9000/`)).toBeNull();
});
