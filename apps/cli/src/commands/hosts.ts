import type { Command } from '@commander-js/extra-typings';
import type { Client, WireHost } from '@hearth/contract';
import { systemNow } from '@hearth/kit';
import { connect, UsageError } from '../connect.ts';
import { checkedHost, checksText } from '../host-check.ts';
import { again, parseCpus, parseGpus, parseLabels, parseMiB, settingsOf } from '../host-options.ts';
import { gpusText, labelsText, standingOf } from '../host-text.ts';
import { ago, print, printJson, renderTable } from '../output.ts';
import { fromUsersFolder } from '../repository.ts';

export function addHosts(program: Command): void {
  const hosts = program.command('hosts').description('the machines that run models');
  addList(hosts);
  addAdd(hosts);
  addShow(hosts);
  addCheck(hosts);
  addSet(hosts);
  addStanding(hosts);
  addRemove(hosts);
}

function addList(hosts: Command): void {
  hosts
    .command('list', { isDefault: true })
    .description('all machines, what they have, and whether they answer')
    .option('--json', 'print JSON')
    .action(async ({ json }) => {
      const list = await connect().hosts.list();
      if (json) return printJson(list);
      print(hostsTable(list));
    });
}

function hostsTable(list: readonly WireHost[]): string {
  const head = ['HOST', '', 'RUNTIMES', 'MEMORY', 'GPUS', 'LABELS', 'SEEN', 'WHY'];
  const rows = list.map((host) => [
    host.id,
    standingOf(host),
    host.runtimes.join(', ') || 'none',
    `${(host.memory_mib / 1024).toFixed(1)} GiB`,
    gpusText(host),
    labelsText(host),
    seenText(host, systemNow()),
    host.lost_reason ?? '',
  ]);
  return renderTable(head, rows, 'There is no host.');
}

function addAdd(hosts: Command): void {
  hosts
    .command('add')
    .description('take in a machine with a Docker Engine, and check it')
    .argument('<url>', 'ssh://user@gpu1 or tcp://gpu2:2376')
    .option('--id <id>', 'what to call it; left out, the name in the URL')
    .option('--ca <file>', 'what the certificate of the engine is checked with, PEM')
    .option('--cert <file>', 'the certificate of this client, PEM')
    .option('--key <file>', 'its key, PEM; read by the scheduler where it is, and not kept elsewhere')
    .option('--identity <file>', 'the key for ssh; left out, as its configuration says')
    .option('--known-hosts <file>', 'the host keys to trust; left out, as its configuration says')
    .option('--address <host>', 'where its published ports are reached; left out, the host in the URL')
    .option('--bind <address>', 'its own address to publish ports on; left out, that of --address')
    .option('--callback-host <address>', 'where its containers reach this machine; left out, as the network says')
    .option('--label <name=value>', 'a label; may be given more than once', again)
    .option('--gpus <list>', 'its GPUs, such as 2x24GiB or 1x80GiB:H100; left out, what nvidia-smi says')
    .option('--memory <size>', 'memory for models, such as 60GiB; left out, all of it')
    .option('--cpus <n>', 'cores to promise one by one; left out, they are shared')
    .option('--cordon', 'put nothing there yet')
    .action(async (url, options) => {
      const client = connect();
      const added = await client.hosts.add({
        url,
        ...(options.id !== undefined && { id: options.id }),
        tls: tlsOf(options),
        ssh: { identity: pathOf(options.identity), known_hosts: pathOf(options.knownHosts) },
        address: options.address ?? null,
        bind_address: options.bind ?? null,
        callback_host: options.callbackHost ?? null,
        labels: parseLabels(options.label ?? []),
        devices: options.gpus === undefined ? null : parseGpus(options.gpus),
        memory_mib: options.memory === undefined ? null : parseMiB('--memory', options.memory),
        cpus: options.cpus === undefined ? null : parseCpus(options.cpus),
        cordoned: options.cordon ?? false,
      });
      if (await printCheck(client, added)) return;
      print(
        `${added.id} stays on the list. Mend it and \`hearth hosts check ${added.id}\`, or remove it and add it anew.`,
      );
    });
}

function addShow(hosts: Command): void {
  hosts
    .command('show')
    .description('one machine, with what its last check found')
    .argument('<host>')
    .action(async (id) => printJson(await connect().hosts.get(id)));
}

function addCheck(hosts: Command): void {
  hosts
    .command('check')
    .description('look at its engine, GPUs, disk, clock and network, and say what is wrong')
    .argument('<host>')
    .action(async (id) => {
      const client = connect();
      await printCheck(client, await client.hosts.check(id));
    });
}

function addSet(hosts: Command): void {
  hosts
    .command('set')
    .description('change what is said of a machine; what runs there stays')
    .argument('<host>')
    .option('--label <name=value>', 'a label, in place of those it has; may be given more than once', again)
    .option('--no-label', 'no labels')
    .option('--gpus <list>', 'its GPUs, such as 2x24GiB, "none", or "found"')
    .option('--memory <size>', 'memory for models, such as 60GiB, or "found"')
    .option('--cpus <n>', 'cores to promise one by one, or "shared"')
    .action(async (id, options) => {
      const patch = settingsOf(options);
      if (Object.keys(patch).length === 0)
        throw new UsageError('Say what to change: --label, --gpus, --memory, --cpus.');
      print(hostsTable([await connect().hosts.update(id, patch)]));
    });
}

function addStanding(hosts: Command): void {
  const verbs = [
    ['cordon', 'put nothing new there', { cordoned: true }],
    ['drain', 'move what runs there elsewhere, and put nothing new there', { draining: true }],
    ['uncordon', 'use it again, after a cordon or a drain', { cordoned: false, draining: false }],
  ] as const;
  for (const [verb, description, patch] of verbs) {
    hosts
      .command(verb)
      .description(description)
      .argument('<host>')
      .action(async (id) => {
        const host = await connect().hosts.update(id, patch);
        print(`${host.id} is ${standingOf(host)}`);
      });
  }
}

function addRemove(hosts: Command): void {
  hosts
    .command('remove')
    .description('forget a machine; refused while it runs instances')
    .argument('<host>')
    .option('--force', 'though it runs instances: their predictions go back to the queue')
    .action(async (id, { force }) => {
      await connect().hosts.remove(id, force ?? false);
      print(`removed ${id}`);
    });
}

/** Whether nothing is wrong; else the command exits with 1, for scripts. */
async function printCheck(client: Client, asked: WireHost): Promise<boolean> {
  print(`${asked.id}: checking`);
  const host = await checkedHost(client, asked);
  print(checksText(host.checks));
  const failed = host.checks.some(({ status }) => status === 'failed');
  if (failed) process.exitCode = 1;
  return !failed;
}

/** What one offers is looked at every half minute; whether it answers, far more often. */
const LOOKED_AT_WITHIN_MS = 60_000;

function seenText({ state, last_seen_at }: WireHost, now: number): string {
  if (last_seen_at === null) return 'never';
  const isNow = state === 'ready' && now - Date.parse(last_seen_at) < LOOKED_AT_WITHIN_MS;
  return isNow ? 'now' : `${ago(last_seen_at, now)} ago`;
}

function tlsOf({ ca, cert, key }: { ca?: string; cert?: string; key?: string }) {
  if (ca === undefined && cert === undefined && key === undefined) return null;
  if (ca === undefined || cert === undefined || key === undefined)
    throw new UsageError('TLS needs all of --ca, --cert and --key.');
  return { ca: fromUsersFolder(ca), cert: fromUsersFolder(cert), key: fromUsersFolder(key) };
}

const pathOf = (file: string | undefined): string | null => (file === undefined ? null : fromUsersFolder(file));
