import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from '@commander-js/extra-typings';
import type { WireDeploymentStatus } from '@hearth/contract';
import { systemNow } from '@hearth/kit';
import pc from 'picocolors';
import { connect } from '../connect.ts';
import { ago, print, printJson, renderTable } from '../output.ts';
import { progressText } from '../waiting-text.ts';

const WATCH_EVERY_MS = 1_000;

export function addPs(program: Command): void {
  program
    .command('ps')
    .description('what is cold, booting, warm or busy, how much waits, and why')
    .option('--watch', 'look again every second until Ctrl-C')
    .option('--json', 'print JSON')
    .action(async ({ watch, json }) => {
      const client = connect();
      for (;;) {
        const { deployments } = await client.status();
        if (watch && process.stdout.isTTY) process.stdout.write('\x1b[2J\x1b[H');
        if (json) printJson(deployments);
        else print(statusTable(deployments, systemNow()));
        if (!watch) return;
        await pause(WATCH_EVERY_MS);
      }
    });
}

/** Deployments at a glance. */
export function statusTable(deployments: readonly WireDeploymentStatus[], now: number): string {
  const rows = deployments.map((status) => [
    status.deployment + (status.mode === 'train' ? pc.dim(' (training)') : status.implicit ? pc.dim(' *') : ''),
    painted(status.temperature),
    instancesText(status.instances),
    String(status.queue.in_flight),
    String(status.queue.waiting),
    whyText(status, now),
  ]);
  return renderTable(
    ['DEPLOYMENT', '', 'INSTANCES', 'RUNNING', 'WAITING', 'WHY'],
    rows,
    'Nothing is deployed, and nothing ran yet.',
  );
}

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
  if (rollout) parts.push(rollout.detail.replace(/\.$/, ''));
  else if (detail ?? reason) parts.push(detail ?? reason ?? '');
  else if (failure) parts.push(`last boot failed: ${failure.message.split('\n')[0]}`);
  if (retry_at && Date.parse(retry_at) > now)
    parts.push(`next try in ${Math.ceil((Date.parse(retry_at) - now) / 1000)} s`);
  if (queue.oldest_waiting_at) parts.push(`oldest waits ${ago(queue.oldest_waiting_at, now)}`);
  return parts.join('; ');
}
