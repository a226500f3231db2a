import type { Command } from '@commander-js/extra-typings';
import type { HardwareBody, WireHardware } from '@hearth/contract';
import { connect, UsageError } from '../connect.ts';
import { again, parseLabels, parseMiB } from '../host-options.ts';
import { labelsText } from '../host-text.ts';
import { isoTime } from '../iso-time.ts';
import { micros } from '../money.ts';
import { print, printJson, renderTable } from '../output.ts';

export function addHardware(program: Command): void {
  const hardware = program.command('hardware').description('what an instance may get, and what a second of it costs');
  addList(hardware);
  addSet(hardware);
  addPrices(hardware);
  addRemove(hardware);
}

function addList(hardware: Command): void {
  hardware
    .command('list', { isDefault: true })
    .description('all SKUs')
    .option('--json', 'print JSON')
    .action(async ({ json }) => {
      const list = await connect().hardware.list();
      if (json) return printJson(list);
      print(renderTable(HEADER, list.map(rowOf), 'There is no hardware.'));
    });
}

function addSet(hardware: Command): void {
  hardware
    .command('set')
    .description('make a SKU, or change what is named of one; what runs keeps what it got (admins)')
    .argument('<sku>', 'such as gpu-a100')
    .option('--name <name>', 'what people see; left out, the SKU')
    .option('--gpus <n>', 'whole GPUs, on one host')
    .option('--share <size>', 'memory of one GPU, held beside others, such as 10GiB')
    .option('--type <words>', 'words that the name of the GPU must hold, such as "A100 80GB", or "any"')
    .option('--vram <size>', 'memory that each of its GPUs must have, such as 24GiB')
    .option('--memory <size>', 'memory of the host, such as 16GiB')
    .option('--cpus <n>', 'the most cores it may use; 0: no limit')
    .option('--label <name=value>', 'what its hosts must be labelled with; may be given more than once', again)
    .option('--no-label', 'any host')
    .option('--fallback <sku>', 'what to take where it has no room now; may be given more than once', again)
    .option('--no-fallback', 'wait where it has no room')
    .option('--price <amount>', 'of a second, in your currency, such as 0.000225')
    .option('--from <time>', 'from when on that is the price, as ISO 8601; left out, from now on')
    .option('--json', 'print JSON')
    .action(async (sku, { json, ...options }) => {
      const client = connect();
      const standing = (await client.hardware.list()).find((one) => one.sku === sku);
      const made = await client.hardware.put(bodyOf(sku, standing, options));
      if (json) return printJson(made);
      print(renderTable(HEADER, [rowOf(made)], ''));
    });
}

function addPrices(hardware: Command): void {
  hardware
    .command('prices')
    .description('what a second of a SKU cost, costs and will cost, the newest first')
    .argument('<sku>')
    .option('--json', 'print JSON')
    .action(async (sku, { json }) => {
      const prices = await connect().hardware.prices(sku);
      if (json) return printJson(prices);
      const rows = prices.map((one) => [
        Date.parse(one.from) === 0 ? 'ever' : one.from,
        String(one.price_micros_per_second / 1e6),
        one.set_at,
        one.set_by ?? '',
      ]);
      print(renderTable(['FROM', 'PRICE/S', 'SET', 'BY'], rows, 'It never had a price.'));
    });
}

function addRemove(hardware: Command): void {
  hardware
    .command('remove')
    .description('remove a SKU that nothing uses (admins)')
    .argument('<sku>')
    .action(async (sku) => {
      await connect().hardware.remove(sku);
      print(`removed ${sku}`);
    });
}

interface Given {
  readonly name?: string;
  readonly gpus?: string;
  readonly share?: string;
  readonly type?: string;
  readonly vram?: string;
  readonly memory?: string;
  readonly cpus?: string;
  /** `false`: none. */
  readonly label?: string[] | boolean;
  readonly fallback?: string[] | boolean;
  readonly price?: string;
  readonly from?: string;
}

/** What is given, over what the SKU is already. @throws UsageError where a new one lacks its memory or its price */
export function bodyOf(sku: string, standing: WireHardware | undefined, given: Given): HardwareBody {
  const memory_mib = given.memory === undefined ? standing?.memory_mib : parseMiB('--memory', given.memory);
  const price = given.price === undefined ? standing?.price_micros_per_second : priceOf(given.price);
  if (memory_mib === undefined || price === undefined)
    throw new UsageError(`There is no ${sku} yet: say --memory and --price.`);
  if (given.from !== undefined && given.price === undefined)
    throw new UsageError('--from is from when on a price holds: say --price too.');
  // One takes whole GPUs or a share: naming the one leaves the other.
  const wholeOrShare = {
    ...(given.gpus !== undefined && { gpus: Number(given.gpus), gpu_share_mib: 0 }),
    ...(given.share !== undefined && { gpus: 0, gpu_share_mib: parseMiB('--share', given.share) }),
  };
  return {
    name: sku,
    gpus: 0,
    ...standing,
    sku,
    memory_mib,
    price_micros_per_second: price,
    ...wholeOrShare,
    ...(given.name !== undefined && { name: given.name }),
    ...(given.type !== undefined && { gpu_type: given.type === 'any' ? null : given.type }),
    ...(given.vram !== undefined && { vram_mib: parseMiB('--vram', given.vram) }),
    ...(given.cpus !== undefined && { cpus: Number(given.cpus) }),
    ...(Array.isArray(given.label) && { labels: parseLabels(given.label) }),
    ...(given.label === false && { labels: {} }),
    ...(Array.isArray(given.fallback) && { fallback: given.fallback }),
    ...(given.fallback === false && { fallback: [] }),
    ...(given.from !== undefined && { price_from: isoTime(given.from) }),
  };
}

function priceOf(text: string): number {
  const price = micros('--price', text);
  if (price < 0) throw new UsageError(`--price is "${text}"; write an amount of 0 or more.`);
  return price;
}

const HEADER = ['SKU', 'NAME', 'GPU', 'CPUS', 'MEMORY', 'LABELS', 'FALLBACK', 'PRICE/S'];
const rowOf = (one: WireHardware): string[] => [
  one.sku,
  one.name,
  gpuText(one),
  one.cpus === 0 ? 'no limit' : String(one.cpus),
  gib(one.memory_mib),
  labelsText(one),
  one.fallback.join(', '),
  String(one.price_micros_per_second / 1e6),
];

/** `2 × A100 80GB`, `10 GiB of any`, `1 × any with 24 GiB`, `none`. */
function gpuText({ gpus, gpu_share_mib, gpu_type, vram_mib }: WireHardware): string {
  const kind = (gpu_type ?? 'any') + (vram_mib > 0 ? ` with ${gib(vram_mib)}` : '');
  if (gpu_share_mib > 0) return `${gib(gpu_share_mib)} of ${kind}`;
  return gpus > 0 ? `${gpus} × ${kind}` : 'none';
}

const gib = (mib: number): string => (mib < 1024 ? `${mib} MiB` : `${Number((mib / 1024).toFixed(1))} GiB`);
