import pc from 'picocolors';

export interface Progress {
  /** Shows `label` while `work` runs, then its detail and how long it took. */
  step<T>(label: string, work: () => Promise<T>, detail: (result: T) => string): Promise<T>;
  /** A line of its own, above a step that is still going on. */
  line(text: string): void;
}

const LABEL_WIDTH = 12;

/** Lines with timings. A terminal also sees what is going on now; elsewhere (a log, a pipe) only what is done is written. */
export function createProgress(out: NodeJS.WriteStream): Progress {
  let current: string | null = null;
  const erase = () => out.isTTY && current !== null && out.write('\r\x1b[2K');
  const show = () => out.isTTY && current !== null && out.write(`  ${pc.dim('·')} ${current} …`);
  const line = (text: string) => {
    erase();
    out.write(`${text}\n`);
    show();
  };
  return {
    line,
    async step(label, work, detail) {
      const startedAt = performance.now();
      current = label;
      show();
      try {
        const result = await work();
        erase();
        current = null;
        const took = pc.dim(`(${inSeconds(performance.now() - startedAt)})`);
        line(`  ${pc.green('✓')} ${label.padEnd(LABEL_WIDTH)} ${detail(result)} ${took}`);
        return result;
      } catch (error) {
        erase();
        current = null;
        line(`  ${pc.red('✗')} ${label}`);
        throw error;
      }
    },
  };
}

const inSeconds = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
