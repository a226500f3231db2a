import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { codeOf } from '../errors.ts';

const Meta = z.object({
  instanceId: z.string(),
  installation: z.string(),
  role: z.enum(['instance', 'inspection']),
  port: z.number(),
  memoryMiB: z.number(),
  /** Null from just before its start until just after: a crash in between leaves a process to be found by its environment. */
  pid: z.number().nullable(),
  startTicks: z.number().nullable(),
});
/** What is kept about an instance beside its log, so that a later scheduler finds it again. */
export type Meta = z.output<typeof Meta>;

/** A log beyond this is cut down to its end; what was kept elsewhere is not touched. */
const LONGEST_LOG_BYTES = 16 * 2 ** 20;
const KEPT_LOG_BYTES = 2 ** 20;

/** The folder of the instances that run as processes: `<root>/<instanceId>/{meta.json,log,tmp}`. */
export class InstanceFolders {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  pathOf(instanceId: string): string {
    return join(this.#root, instanceId);
  }

  /** Opens the log for appending, in a fresh folder; the caller closes it. */
  async make(instanceId: string): Promise<{ log: Awaited<ReturnType<typeof open>>; temporary: string }> {
    const temporary = join(this.pathOf(instanceId), 'tmp');
    await mkdir(temporary, { recursive: true, mode: 0o700 });
    return { log: await open(this.#logOf(instanceId), 'a'), temporary };
  }

  async writeMeta(meta: Meta): Promise<void> {
    const path = join(this.pathOf(meta.instanceId), 'meta.json');
    await writeFile(`${path}.new`, JSON.stringify(meta));
    await rename(`${path}.new`, path);
  }

  /** Of every instance of this installation; a folder without a readable meta file is of an interrupted boot or removal. */
  async metas(installation: string): Promise<{ metas: Meta[]; broken: string[] }> {
    const names = await readdir(this.#root).catch(orNothing<string[]>([]));
    const metas: Meta[] = [];
    const broken: string[] = [];
    for (const name of names) {
      const text = await readFile(join(this.#root, name, 'meta.json'), 'utf8').catch(orNothing(null));
      if (text === null) broken.push(name);
      else metas.push(Meta.parse(JSON.parse(text)));
    }
    return { metas: metas.filter((m) => m.installation === installation), broken };
  }

  /** The last part of the log as text; empty where there is none. */
  async readLogEnd(instanceId: string, bytes: number): Promise<string> {
    const file = await open(this.#logOf(instanceId), 'r').catch(orNothing(null));
    if (file === null) return '';
    try {
      const { size } = await file.stat();
      const length = Math.min(size, bytes);
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.toString('utf8');
    } finally {
      await file.close();
    }
  }

  async logBytes(instanceId: string): Promise<number> {
    const facts = await stat(this.#logOf(instanceId)).catch(orNothing(null));
    return facts?.size ?? 0;
  }

  /** The server appends, so it goes on behind the kept end; lines written in between are lost with the old ones. */
  async shortenLog(instanceId: string): Promise<void> {
    if ((await this.logBytes(instanceId)) <= LONGEST_LOG_BYTES) return;
    await writeFile(this.#logOf(instanceId), await this.readLogEnd(instanceId, KEPT_LOG_BYTES));
  }

  async remove(instanceId: string): Promise<void> {
    await rm(this.pathOf(instanceId), { recursive: true, force: true, maxRetries: 3 });
  }

  #logOf(instanceId: string): string {
    return join(this.pathOf(instanceId), 'log');
  }
}

const orNothing =
  <T>(nothing: T) =>
  (error: unknown): T => {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return nothing;
    throw error;
  };
