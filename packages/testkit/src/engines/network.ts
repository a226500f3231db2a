import { randomBytes } from 'node:crypto';
import { command } from './command.ts';

/** Where a machine is on the network. */
export interface Plug {
  readonly address: string;
  readonly namespace: string;
  readonly link: string;
}

/** A bridge of its own with network namespaces on it, as a switch with machines. */
export interface TestNetwork {
  /** Unique on this machine; in the name of everything that belongs to it. */
  readonly tag: string;
  /** This machine's address on it. */
  readonly gateway: string;
  /** Adds a machine; one after the other. */
  plug(): Promise<Plug>;
  /** Gives this machine another address, which all on the network reach through it as they reach the internet. */
  alias(address: string): Promise<void>;
  /** What is sent from an address of this machine to another one goes by way of a machine of the network. */
  route(from: string, to: string, via: string): Promise<void>;
  close(): Promise<void>;
}

/** Runs a program to its end as on a machine of a network. @throws Error with what it printed */
export const within = ({ namespace }: Pick<Plug, 'namespace'>, ...line: string[]): Promise<string> =>
  command('nsenter', `--net=/run/netns/${namespace}`, ...line);

const ip = (...args: string[]): Promise<string> => command('ip', ...args);

export async function openNetwork(): Promise<TestNetwork> {
  const tag = randomBytes(2).toString('hex');
  // One of 256 subnets of a range that nothing on a test machine uses; two runs at once rarely meet, and then one fails.
  const third = randomBytes(1)[0] ?? 0;
  const subnet = `10.211.${third}`;
  const routes: string[][] = [];
  const table = String(10_000 + third);
  const bridge = `hth${tag}`;
  await ip('link', 'add', bridge, 'type', 'bridge');
  await ip('addr', 'add', `${subnet}.1/24`, 'dev', bridge);
  await ip('link', 'set', bridge, 'up');
  const namespaces: string[] = [];
  return {
    tag,
    gateway: `${subnet}.1`,
    async plug() {
      const n = namespaces.length;
      const namespace = `hth${tag}n${n}`;
      const link = `hth${tag}v${n}`;
      const address = `${subnet}.${10 + n}`;
      await ip('netns', 'add', namespace);
      namespaces.push(namespace);
      await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
      await ip('link', 'set', link, 'master', bridge, 'up');
      await ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
      await ip('-n', namespace, 'link', 'set', 'lo', 'up');
      await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
      await ip('-n', namespace, 'route', 'add', 'default', 'via', `${subnet}.1`);
      return { address, namespace, link };
    },
    alias: async (address) => void (await ip('addr', 'add', `${address}/32`, 'dev', bridge)),
    async route(from, to, via) {
      const rule = ['from', from, 'to', to, 'lookup', table];
      await ip('route', 'add', to, 'via', via, 'table', table);
      await ip('rule', 'add', ...rule);
      routes.push(rule);
    },
    async close() {
      for (const rule of routes) await ip('rule', 'del', ...rule);
      for (const namespace of namespaces) await ip('netns', 'del', namespace);
      await ip('link', 'del', bridge);
    },
  };
}
