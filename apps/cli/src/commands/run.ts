import type { Command } from '@commander-js/extra-typings';
import {
  type Client,
  inputSchemaOf,
  isConcatenatedOutput,
  isIteratorOutput,
  outputSchemaOf,
  type RunTarget,
  type WirePrediction,
} from '@hearth/contract';
import pc from 'picocolors';
import { connect, ownerAndName, UsageError } from '../connect.ts';
import { print, printJson } from '../output.ts';
import { fromUsersFolder } from '../repository.ts';
import { type Follower, followPrediction } from '../run-follow.ts';
import { coerceInput, typedInput, uploadFiles } from '../run-input.ts';
import { outputText, saveFiles } from '../run-output.ts';

/** Ctrl-C comes from the terminal and once more from npm; only a later one is impatience. */
const SAME_SIGNAL_MS = 1_000;
const collect = (value: string, before: string[]): string[] => [...before, value];

export function addRun(program: Command): void {
  program
    .command('run')
    .description('run a prediction: output on stdout, progress and logs on stderr; Ctrl-C cancels it')
    .argument('[model]', 'owner/name, or owner/name:version')
    .option('-i, --input <key=value>', 'an input; @path is a file, @@text a text that begins with @', collect, [])
    .option('--deployment <owner/name>', 'run it on this deployment')
    .option('-o, --output <folder>', 'save the files of the output here')
    .option('--json', 'print the finished prediction as JSON')
    .action(async (model, options) => {
      const client = connect();
      const { target, openapi } = await findTarget(client, model, options.deployment);
      const typed = options.input.map(typedInput);
      const input = await uploadFiles(client, coerceInput(typed, inputSchemaOf(openapi)));
      const prediction = await client.predictions.create(target, { input });
      const shape = outputSchemaOf(openapi);
      const streamed = !options.json && shape !== null && isIteratorOutput(shape);
      const concatenated = shape !== null && isConcatenatedOutput(shape);
      cancelOnSignal(client, prediction);
      const follower = consoleFollower(streamed ? (concatenated ? '' : '\n') : null);
      const ended = await followPrediction(client, prediction, follower);
      if (streamed && concatenated) follower.endLine();
      await report(ended, { json: options.json === true, folder: options.output, streamed, concatenated });
      process.exit(ended.status === 'succeeded' ? 0 : 1);
    });
}

interface Found {
  readonly target: RunTarget;
  readonly openapi: unknown;
}

async function findTarget(client: Client, model: string | undefined, deployment: string | undefined): Promise<Found> {
  if ((model === undefined) === (deployment === undefined)) {
    throw new UsageError('Give either a model (owner/name or owner/name:version) or --deployment owner/name.');
  }
  if (deployment !== undefined) {
    const { current_release: release } = await client.deployments.get(...ownerAndName(deployment));
    const version = await client.versions.get(...ownerAndName(release.model), release.version);
    return { target: { deployment }, openapi: version.openapi_schema };
  }
  const [reference = '', version] = (model ?? '').split(':');
  const [owner, name] = ownerAndName(reference);
  if (version !== undefined) {
    const { openapi_schema: openapi } = await client.versions.get(owner, name, version);
    return { target: { version: `${owner}/${name}:${version}` }, openapi };
  }
  const { latest_version: latest } = await client.models.get(owner, name);
  if (latest === null)
    throw new UsageError(`${reference} has no version yet. Add one: hearth models add IMAGE|FOLDER ${reference}`);
  return { target: { version: `${owner}/${name}:${latest.id}` }, openapi: latest.openapi_schema };
}

interface Written {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** `separator`: what follows each piece of output on stdout; null when the output is printed at the end. */
export function consoleFollower(
  separator: string | null,
  { stdout, stderr }: Record<'stdout' | 'stderr', Written> = process,
): Follower & { endLine(): void } {
  const live = stderr.isTTY;
  // On a terminal both are one text; elsewhere output holds what the model gave and nothing more.
  const together = live && stdout.isTTY;
  let midLine = false;
  let shown = false;
  let said: string | null = null;
  const erase = () => {
    if (shown && live) stderr.write('\r\x1b[2K');
    shown = false;
  };
  return {
    waiting(why, soFar) {
      erase();
      if (live && why !== null) stderr.write(pc.dim(soFar === '' ? `${why} …` : `${why} ${soFar} …`));
      // Where nothing can be erased, a line for each second of a boot would be noise.
      else if (why !== null && why !== said) stderr.write(`${why}\n`);
      said = why;
      shown = true;
    },
    output(chunk) {
      erase();
      if (separator === null || chunk + separator === '') return;
      stdout.write(chunk + separator);
      midLine = !(chunk + separator).endsWith('\n');
    },
    endLine() {
      if (midLine || !together) stdout.write('\n');
      midLine = false;
    },
    logs(text) {
      erase();
      if (midLine && together) stderr.write('\n');
      midLine &&= !together;
      stderr.write(pc.dim(text.endsWith('\n') ? text : `${text}\n`));
    },
  };
}

export function cancelOnSignal(client: Client, { id }: WirePrediction): void {
  let firstAt: number | null = null;
  const onSignal = () => {
    if (firstAt !== null) {
      if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(130);
      return;
    }
    firstAt = performance.now();
    process.stderr.write(`\ncanceling ${id}\n`);
    client.predictions.cancel(id).catch((error: unknown) => {
      process.stderr.write(`it cannot be canceled: ${String(error)}\n`);
      process.exit(1);
    });
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}

interface ReportOptions {
  readonly json: boolean;
  readonly folder: string | undefined;
  readonly streamed: boolean;
  readonly concatenated: boolean;
}

async function report(
  prediction: WirePrediction,
  { json, folder, streamed, concatenated }: ReportOptions,
): Promise<void> {
  const saved = folder === undefined ? [] : await saveFiles(prediction.output, fromUsersFolder(folder));
  if (json) printJson(prediction);
  else if (saved.length > 0) print(saved.join('\n'));
  else if (!streamed && prediction.status === 'succeeded') print(outputText(prediction.output, concatenated));
  if (prediction.status !== 'succeeded') {
    process.stderr.write(`${pc.red(prediction.status)}${prediction.error ? `: ${prediction.error}` : ''}\n`);
    return;
  }
  const ran = prediction.metrics?.predict_time;
  const total = prediction.metrics?.total_time;
  if (typeof ran === 'number' && typeof total === 'number') {
    const { cost } = prediction.metrics ?? {};
    const price = typeof cost === 'number' && cost > 0 ? `, cost ${cost}` : '';
    process.stderr.write(pc.dim(`ran ${ran.toFixed(2)} s of ${total.toFixed(2)} s${price} (${prediction.id})\n`));
  }
}
