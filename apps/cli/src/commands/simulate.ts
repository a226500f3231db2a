import { writeFile } from 'node:fs/promises';
import type { Command } from '@commander-js/extra-typings';
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { systemNow } from '@hearth/kit';
import { type Comparison, compareKeepAlives, type ModelShape, TRACE_COLUMNS, type TraceColumns } from '@hearth/sim';
import { connect, UsageError } from '../connect.ts';
import { print, printJson } from '../output.ts';
import { fromUsersFolder } from '../repository.ts';
import { gpusOption, type HostKind, likeHosts, mibOption, needOf, needOn, presentHosts } from '../simulate/fleet.ts';
import { DEFAULT_POLICIES, durationOption, type Policy, policyOption } from '../simulate/policy.ts';
import { figuresOf, type Outcome, plotOf, tableOf, topOf } from '../simulate/report.ts';
import { fileSource, historySource, type Source } from '../simulate/source.ts';
import { svgOf } from '../simulate/svg.ts';

const CPU_ONLY: HostKind = { gpus: 0, vramMiB: 0 };
/** Two to a character: a plot of 72 characters. */
const PARTS = 144;

export function addSimulate(program: Command): void {
  program
    .command('simulate')
    .description('play past use against a fleet with several keep-alives, and compare what they come to')
    .argument('[trace]', 'a CSV with a heading, gzipped or not; the columns are time, model and seconds')
    .option('--history <duration>', 'instead of a trace: what ran here in that time, such as 7d', durationOption)
    .option('--columns <names>', 'what the columns are called there, as time=…,model=…,seconds=…', columnsOption)
    .option('--skip-incomplete', 'pass over lines of the trace without a time or a model', false)
    .option('--policy <keep-alive>', 'fixed:5m, auto, until-needed; may be given several times', policyOption)
    .option('--hosts <count>', 'so many hosts alike; left out, the fleet as it is', count)
    .option('--gpus <gpus>', 'of each of these hosts, such as 2x24GiB; left out, none', gpusOption)
    .option('--memory <size>', 'of each of these hosts; left out, enough', mibOption)
    .option('--model-vram <size>', 'what an instance takes of one GPU; left out, the whole GPU', mibOption)
    .option('--model-memory <size>', 'what an instance takes of the host’s memory; left out, nothing', mibOption)
    .addOption(
      new Option('--boot <duration>', 'how long a boot takes').argParser(durationOption).default(30_000, '30s'),
    )
    .addOption(
      new Option('--run <duration>', 'how long a prediction runs, where the trace does not say')
        .argParser(durationOption)
        .default(10_000, '10s'),
    )
    .option('--slots <count>', 'predictions that an instance runs at once', count, 1)
    .option('--max <count>', 'instances of one model at most', count, 20)
    .option('--gpu-hour <price>', 'what an hour of a GPU costs; without GPUs, of an instance', price)
    .option('--svg <file>', 'draw the plot into a file too')
    .option('--json', 'print JSON')
    .action(async (trace, options) => {
      const source = await sourceOf(trace, options);
      const comparison = await comparisonOf(source, options);
      const policies = options.policy ?? DEFAULT_POLICIES;
      const results = compareKeepAlives(
        comparison,
        policies.map(({ keepAlive }) => keepAlive),
      );
      const outcomes = results.map((result, n): Outcome => ({ policy: policies[n] as Policy, result }));
      const figures = figuresOf(outcomes, options.gpuHour);
      if (options.svg !== undefined) await writeFile(fromUsersFolder(options.svg), drawing(outcomes));
      if (options.json) return printJson(figures);
      print(`${tableOf(figures)}\n\n${plotOf(outcomes)}`.trimEnd());
    });
}

interface Shape {
  readonly hosts?: number | undefined;
  readonly gpus?: HostKind | undefined;
  readonly memory?: number | undefined;
  readonly modelVram?: number | undefined;
  readonly modelMemory?: number | undefined;
  readonly boot: number;
  readonly slots: number;
  readonly max: number;
}

async function sourceOf(
  trace: string | undefined,
  options: { history?: number | undefined; columns?: TraceColumns | undefined; run: number; skipIncomplete: boolean },
): Promise<Source> {
  const { history } = options;
  if ((trace === undefined) === (history === undefined)) {
    throw new UsageError('Give either a trace or --history with a duration.');
  }
  if (trace !== undefined) {
    const { columns = TRACE_COLUMNS, run, skipIncomplete } = options;
    return fileSource(fromUsersFolder(trace), { columns, runMs: run, skipIncomplete });
  }
  return historySource(connect(), systemNow() - (history ?? 0));
}

async function comparisonOf({ arrivals, hardwareOf }: Source, shape: Shape): Promise<Comparison> {
  if (shape.hosts === undefined && (shape.gpus ?? shape.memory) !== undefined) {
    throw new UsageError('--gpus and --memory say what --hosts have; give --hosts too.');
  }
  const hosts =
    shape.hosts === undefined
      ? presentHosts(await connect().hosts.list())
      : likeHosts(shape.hosts, shape.gpus ?? CPU_ONLY, shape.memory);
  const skus = new Map(hardwareOf.size === 0 ? [] : (await connect().hardware.list()).map((sku) => [sku.sku, sku]));
  const asTold = needOf(hosts, { vramMiB: shape.modelVram, memoryMiB: shape.modelMemory });
  const isTold = shape.modelVram !== undefined || shape.modelMemory !== undefined;
  const shapeOf = (id: string): ModelShape => {
    const hardware = skus.get(hardwareOf.get(id) ?? '');
    const need = hardware === undefined || isTold ? asTold : needOn(hosts, hardware);
    return { need, bootMs: shape.boot, slotsPerInstance: shape.slots, maxInstances: shape.max };
  };
  return { hosts, arrivals, shapeOf, parts: PARTS };
}

const drawing = (outcomes: readonly Outcome[]): string =>
  svgOf(
    outcomes.map(({ policy, result }) => ({ name: policy.name, values: result.course })),
    { top: topOf(outcomes), hours: (outcomes[0]?.result.endedAt ?? 0) / 3_600_000, unit: 'GPUs held' },
  );

function columnsOption(text: string): TraceColumns {
  const columns: Record<keyof TraceColumns, string> = { ...TRACE_COLUMNS };
  for (const pair of text.split(',')) {
    const [key, name] = pair.split('=');
    if ((key !== 'time' && key !== 'model' && key !== 'seconds') || !name) {
      throw new InvalidArgumentError(`"${pair}"; allowed: such as time=created,model=name,seconds=run`);
    }
    columns[key] = name;
  }
  return columns;
}

function count(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('allowed: a whole number from 1');
  return Number(text);
}

function price(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0) || value === Infinity) {
    throw new InvalidArgumentError('allowed: a number from 0');
  }
  return value;
}
