import type { Command } from '@commander-js/extra-typings';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import type { WireDeployment } from '@hearth/contract';
import { connect, ownerAndName, UsageError } from '../connect.ts';
import { print, printJson, renderTable } from '../output.ts';
import { addReleases, keepAliveInWords } from './releases.ts';

export function addDeployments(program: Command): void {
  const deployments = program
    .command('deployments')
    .description('list, create, update, roll back or delete deployments');
  deployments
    .command('list', { isDefault: true })
    .description('list deployments')
    .option('--json', 'print JSON')
    .action(async ({ json }) => {
      const list = await connect().deployments.list();
      if (json) return printJson(list);
      print(renderTable(HEAD, list.map(row), 'No deployments. A model also runs without one.'));
    });
  deployments
    .command('create')
    .description('create a deployment')
    .argument('<name>', 'its name; it belongs to the account of the token')
    .requiredOption('--model <owner/name>', 'the model it runs')
    .option('--version <id>', 'the version; the newest when left out')
    .option('--hardware <sku>', 'what its instances get', 'cpu')
    .option('--min <count>', 'instances kept ready always', wholeNumber, 0)
    .option('--max <count>', 'instances at most', wholeNumber, 1)
    .option('--keep-alive <duration>', 'how long an idle instance stays: 30s, 5m, until-needed, auto')
    .action(async (name, options) => {
      const client = connect();
      const created = await client.deployments.create({
        name,
        model: options.model,
        version: options.version ?? (await newestVersion(options.model)),
        hardware: options.hardware,
        min_instances: options.min,
        max_instances: options.max,
        keep_alive: options.keepAlive,
      });
      print(renderTable(HEAD, [row(created)], ''));
    });
  deployments
    .command('update')
    .description('change a deployment: a new release takes over from the old one')
    .argument('<deployment>', 'owner/name')
    .option('--version <id>', 'the version it runs')
    .option('--hardware <sku>', 'what its instances get')
    .option('--min <count>', 'instances kept ready always', wholeNumber)
    .option('--max <count>', 'instances at most', wholeNumber)
    .option('--keep-alive <duration>', 'how long an idle instance stays: 30s, 5m, until-needed, auto')
    .action(async (deployment, { version, hardware, min, max, keepAlive }) => {
      if ([version, hardware, min, max, keepAlive].every((change) => change === undefined)) {
        throw new UsageError('Nothing to change: give --version, --hardware, --min, --max or --keep-alive.');
      }
      const change = { version, hardware, min_instances: min, max_instances: max, keep_alive: keepAlive };
      const updated = await connect().deployments.update(...ownerAndName(deployment), change);
      print(renderTable(HEAD, [row(updated)], ''));
    });
  addReleases(deployments);
  deployments
    .command('delete')
    .description('delete a deployment that has no unfinished predictions')
    .argument('<deployment>', 'owner/name')
    .action(async (deployment) => {
      await connect().deployments.delete(...ownerAndName(deployment));
      print(`deleted ${deployment}`);
    });
}

const HEAD = ['DEPLOYMENT', 'MODEL', 'VERSION', 'HARDWARE', 'MIN', 'MAX', 'KEEP-ALIVE', 'RELEASE'];

function row({ owner, name, current_release: release }: WireDeployment): string[] {
  const { hardware, min_instances, max_instances, keep_alive } = release.configuration;
  return [
    `${owner}/${name}`,
    release.model,
    release.version.slice(0, 12),
    hardware,
    String(min_instances),
    String(max_instances),
    keepAliveInWords(keep_alive),
    String(release.number),
  ];
}

async function newestVersion(model: string): Promise<string> {
  const { latest_version: version } = await connect().models.get(...ownerAndName(model));
  if (version === null)
    throw new UsageError(`${model} has no version yet. Add one: hearth models add IMAGE|FOLDER ${model}`);
  return version.id;
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('allowed: a whole number from 0');
  return Number(text);
}
