import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { World } from './world.ts';

/** The models' own view: which runs began in which of their servers, as these wrote it to their output. */
export interface Journal {
  /** How often each run began, by the id that its model knew it by. A server removed in a hurry may take lines with it. */
  readonly began: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 1_000;
const LINE = /^(?:(\S+) )?journal began (\S+)$/;

export function keepJournal({ house, engine }: World): Journal {
  const began = new Map<string, number>();
  const known = new Set<string>();
  const watched = new Map<string, Promise<void>>();
  let closing = false;

  /** `place`: what tells this line from others with the same words, and is the same when it is read again. */
  const note = (place: string, cogId: string): void => {
    const line = `${place} ${cogId}`;
    if (known.has(line)) return;
    known.add(line);
    began.set(cogId, (began.get(cogId) ?? 0) + 1);
  };
  const readProcesses = async (): Promise<void> => {
    for await (const path of glob(join(house.dataDir, 'instances/*/log'))) {
      // It may have been removed since it was found.
      const text = await readFile(path, 'utf8').catch(() => '');
      for (const [at, line] of text.split('\n').entries()) {
        const [, , cogId] = LINE.exec(line) ?? [];
        if (cogId !== undefined) note(`${path}:${at}`, cogId);
      }
    }
  };
  /** To the end of its output, or until its engine is broken; then the next look reads it again. */
  const follow = async (id: string): Promise<void> => {
    if (engine === null) return;
    const container = engine.docker.getContainer(id);
    const output = await container.logs({ follow: true, stdout: true, stderr: true, timestamps: true });
    let rest = '';
    const lines = new Writable({
      write(chunk: Buffer, _encoding, done) {
        const parts = (rest + chunk.toString()).split('\n');
        rest = parts.pop() ?? '';
        for (const part of parts) {
          const [, at, cogId] = LINE.exec(part) ?? [];
          if (at !== undefined && cogId !== undefined) note(`${id} ${at}`, cogId);
        }
        done();
      },
    });
    engine.docker.modem.demuxStream(output, lines, lines);
    await new Promise<void>((resolve) => {
      output.once('close', () => resolve());
      output.once('end', () => resolve());
      output.once('error', () => resolve());
    });
  };
  const look = async (): Promise<void> => {
    await readProcesses();
    if (engine === null) return;
    // While the engine is broken there is nothing to be read; what its containers wrote meanwhile is read later.
    const found = await engine.docker.listContainers({ filters: { label: ['hearth.role=instance'] } }).catch(() => []);
    for (const { Id } of found) {
      if (watched.has(Id)) continue;
      const watching = follow(Id).catch(() => {});
      watched.set(Id, watching);
      void watching.then(() => watched.delete(Id));
    }
  };
  const looking = (async () => {
    for (;;) {
      await look();
      if (closing) return;
      await pause(LOOK_EVERY_MS);
    }
  })();
  return {
    began,
    async close() {
      closing = true;
      await looking;
    },
  };
}
