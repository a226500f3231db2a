import type { Command } from '@commander-js/extra-typings';
import { ApiError, type Client } from '@hearth/contract';
import { connect, UsageError } from '../connect.ts';

export function addLogs(program: Command): void {
  program
    .command('logs')
    .description('the logs of a prediction or an instance, or of the newest instance of a deployment')
    .argument('<what>', 'the id of a prediction or an instance, or owner/name')
    .action(async (what) => {
      const client = connect();
      write(what.includes('/') ? await deploymentLogs(client, what) : await logsById(client, what));
    });
}

async function logsById(client: Client, id: string): Promise<string> {
  const prediction = await unlessMissing(client.predictions.get(id));
  const logs = prediction?.logs ?? (await unlessMissing(client.instanceLogs(id)));
  if (logs === null) throw new UsageError(`There is no prediction and no instance ${id}.`);
  return logs;
}

async function deploymentLogs(client: Client, deployment: string): Promise<string> {
  const [newest] = await client.instances({ all: true, deployment });
  if (newest === undefined) throw new UsageError(`${deployment} has no instance, and had none lately.`);
  return client.instanceLogs(newest.id);
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

const write = (logs: string): void =>
  void process.stdout.write(logs === '' || logs.endsWith('\n') ? logs : `${logs}\n`);
