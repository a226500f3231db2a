import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from '@commander-js/extra-typings';
import type { WireDeploymentStatus, WireHost } from '@hearth/contract';
import { systemNow } from '@hearth/kit';
import pc from 'picocolors';
import { connect } from '../connect.ts';
import { gpusText, standingOf } from '../host-text.ts';
import { ago, print, printJson, renderTable } from '../output.ts';
import { progressText } from '../waiting-text.ts';

const WATCH_EVERY_MS = 1_000;

export function addPs(program: Command): void {
  program
    .command('ps')
    .description('what is cold, booting, warm or busy and on which hosts, how much waits, and why')
    .option('--watch', 'look again every second until Ctrl-C')
    .option('--json', 'print JSON')
    .action(async ({ watch, json }) => {
      const client = connect();
      for (;;) {
        const [{ deployments }, hosts] = await Promise.all([client.status(), client.hosts.list()]);
        if (watch && process.stdout.isTTY) process.stdout.write('\x1b[2J\x1b[H');
        if (json) printJson(deployments);
        else print(statusText(deployments, hosts, systemNow()));
        if (!watch) return;
        await pause(WATCH_EVERY_MS);
      }
    });
}

/** Deployments at a glance; where there are several hosts, also who runs what. */
export function statusText(
  deployments: readonly WireDeploymentStatus[],
  hosts: readonly WireHost[],
  now: number,
): string {
  const several = hosts.length > 1;
  const rows = deployments.map((status) => [
    status.deployment + (status.mode === 'train' ? pc.dim(' (training)') : status.implicit ? pc.dim(' *') : ''),
    painted(status.temperature),
    instancesText(status.instances),
    ...(several ? [placesText(status.hosts)] : []),
    String(status.queue.in_flight),
    String(status.queue.waiting),
    whyText(status, now),
  ]);
  const head = ['DEPLOYMENT', '', 'INSTANCES', ...(several ? ['ON'] : []), 'RUNNING', 'WAITING', 'WHY'];
  const table = renderTable(head, rows, 'Nothing is deployed, and nothing ran yet.');
  return several ? `${table}\n\n${hostsTable(hosts, deployments)}` : table;
}

function hostsTable(hosts: readonly WireHost[], deployments: readonly WireDeploymentStatus[]): string {
  const on = (id: string): number => deployments.reduce((sum, { hosts: there }) => sum + (there[id] ?? 0), 0);
  const rows = hosts.map((host) => [
    host.id,
    standingOf(host),
    String(on(host.id)),
    gpusText(host),
    host.lost_reason ?? '',
  ]);
  return renderTable(['HOST', '', 'INSTANCES', 'GPUS', 'WHY'], rows, '');
}

/** `gpu1, gpu2 ×3` */
const placesText = (hosts: WireDeploymentStatus['hosts']): string =>
  Object.entries(hosts)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([host, count]) => (count === 1 ? host : `${host} ×${count}`))
    .join(', ');

function painted(temperature: WireDeploymentStatus['temperature']): string {
  const paint = { cold: pc.blue, booting: pc.yellow, warm: pc.green, busy: pc.magenta }[temperature];
  return paint(temperature);
}

function instancesText(instances: WireDeploymentStatus['instances']): string {
  const some = Object.entries(instances).filter(([, count]) => count > 0);
  return some.map(([state, count]) => `${count} ${state}`).join(', ') || 'none';
}

/** `setup for 2 s of about 30 s`, `pull 45 % of 2.7 GB for 2 min`. */
function bootText({ phase, since, progress }: NonNullable<WireDeploymentStatus['boot']>, now: number): string {
  const lasts = `for ${ago(since, now)}`;
  if (progress.bytes !== null) return `${phase} ${progressText(progress)} ${lasts}`;
  return progress.usual_seconds === null ? `${phase} ${lasts}` : `${phase} for ${progressText(progress)}`;
}

function whyText(
  { boot, rollout, detail, reason, queue, retry_at, failure }: WireDeploymentStatus,
  now: number,
): string {
  const parts: string[] = [];
  if (boot) parts.push(bootText(boot, now));
  // A rollout's sentence has the detail and the failure in it.
  const sentence = rollout?.detail ?? detail ?? reason;
  if (sentence) parts.push(sentence.replace(/\.$/, ''));
  else if (failure) parts.push(`last boot failed: ${failure.message.split('\n')[0]}`);
  if (retry_at && Date.parse(retry_at) > now)
    parts.push(`next try in ${Math.ceil((Date.parse(retry_at) - now) / 1000)} s`);
  if (queue.oldest_waiting_at) parts.push(`oldest waits ${ago(queue.oldest_waiting_at, now)}`);
  return parts.join('; ');
}
