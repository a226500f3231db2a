import type { Command } from '@commander-js/extra-typings';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import type { WireRelease } from '@hearth/contract';
import { systemNow } from '@hearth/kit';
import { connect, ownerAndName } from '../connect.ts';
import { ago, print, printJson, renderTable } from '../output.ts';

/** `hearth deployments releases` and `hearth deployments rollback`. */
export function addReleases(deployments: Command): void {
  deployments
    .command('releases')
    .description('what a deployment was, release by release')
    .argument('<deployment>', 'owner/name')
    .option('--json', 'print JSON')
    .action(async (deployment, { json }) => {
      const list = await connect().deployments.releases(...ownerAndName(deployment));
      if (json) return printJson(list);
      print(releasesTable(list, systemNow()));
    });
  deployments
    .command('rollback')
    .description('make a new release with the content of an earlier one')
    .argument('<deployment>', 'owner/name')
    .option('--release <number>', 'which one; the one before the current when left out', releaseNumber)
    .action(async (deployment, { release }) => {
      const { current_release: made } = await connect().deployments.rollback(...ownerAndName(deployment), release);
      const version = made.version.slice(0, 12);
      print(`${deployment}: release ${made.number} restores release ${made.restores}, version ${version}`);
    });
}

export const keepAliveInWords = (keepAlive: WireRelease['configuration']['keep_alive']): string =>
  typeof keepAlive === 'number' ? `${keepAlive} s` : keepAlive;

/** Newest first. */
function releasesTable(releases: readonly WireRelease[], now: number): string {
  const rows = releases.map(({ number, restores, version, configuration, created_at, created_by }) => [
    `${number}${restores === null ? '' : ` (restores ${restores})`}`,
    version.slice(0, 12),
    configuration.hardware,
    String(configuration.min_instances),
    String(configuration.max_instances),
    keepAliveInWords(configuration.keep_alive),
    ago(created_at, now),
    created_by.username,
  ]);
  return renderTable(['RELEASE', 'VERSION', 'HARDWARE', 'MIN', 'MAX', 'KEEP-ALIVE', 'AGE', 'BY'], rows, 'No releases.');
}

function releaseNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('allowed: a release number, from 1');
  return Number(text);
}
