import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readUseTraces, typicalTraces, type UseTrace } from '@hearth/sim';

/** Every trace of uses in a folder of CSVs, plain or gzipped; without a folder, generated ones. */
export async function openUseTraces(folder: string | undefined): Promise<{ source: string; traces: UseTrace[] }> {
  if (folder === undefined) {
    const source = 'generated traces, because there is no folder of traces: fitted to GenTD26 and Azure Functions 2019';
    return { source, traces: [...typicalTraces(1)] };
  }
  const traces: UseTrace[] = [];
  for (const file of (await readdir(folder)).toSorted()) {
    const [, name, gz] = /^(.+)\.csv(\.gz)?$/.exec(file) ?? [];
    if (name === undefined) continue;
    const bytes = await readFile(join(folder, file));
    const text = (gz === undefined ? bytes : gunzipSync(bytes)).toString('utf8');
    traces.push(...readUseTraces(name, text.trimEnd().split('\n')));
  }
  if (traces.length === 0) throw new RangeError(`${folder} holds no trace of requests or of functions`);
  return { source: `the traces in ${folder}`, traces };
}

/** The deployments of a trace in two halves of chance, and its two halves in time: who was tuned on one may look at the other. */
export function halvesOf(trace: UseTrace, random: () => number): readonly UseTrace[] {
  const inA = new Set([...trace.uses.keys()].filter(() => random() < 0.5));
  const last = Math.max(...[...trace.uses.values()].map((uses) => uses.at(-1)?.at ?? 0));
  const part = (name: string, holds: (id: string, at: number) => boolean): UseTrace => ({
    name: `${trace.name}, ${name}`,
    uses: new Map(
      [...trace.uses]
        .map(([id, uses]) => [id, uses.filter(({ at }) => holds(id, at))] as const)
        .filter(([, uses]) => uses.length > 0),
    ),
  });
  return [
    part('earlier half', (_, at) => at <= last / 2),
    part('later half', (_, at) => at > last / 2),
    part('half of its deployments', (id) => inA.has(id)),
    part('the other half', (id) => !inA.has(id)),
  ];
}
