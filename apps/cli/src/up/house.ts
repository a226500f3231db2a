/** Something that `up` started and must end. */
export interface Part {
  stop(): Promise<void>;
  /** Ends it at once. */
  kill(): void;
}

interface Kept {
  readonly name: string;
  readonly starting: Promise<Part>;
  readonly boundMs: number;
}

/** What runs, in the order it was started. It is ended in the reverse order, each part within its bound. */
export interface House {
  /**
   * Remembers a part from the moment its start began, so that an interrupted start leaves nothing behind.
   * @throws Error when the house is being closed already
   */
  keep<P extends Part>(name: string, boundMs: number, start: () => Promise<P>): Promise<P>;
  close(onStop: (name: string) => unknown): Promise<void>;
  /** Everything at once, in no order. */
  kill(): void;
}

export function createHouse(): House {
  const kept: Kept[] = [];
  const running = new Set<Part>();
  let closing = false;

  async function stop({ starting, boundMs }: Kept): Promise<void> {
    const part = await starting.catch(() => null);
    // A start that failed was reported by the one who waited for it, and left nothing to stop.
    if (part === null) return;
    const forced = setTimeout(() => part.kill(), boundMs);
    await part.stop();
    clearTimeout(forced);
    running.delete(part);
  }

  return {
    keep(name, boundMs, start) {
      if (closing) return Promise.reject(new Error(`${name} is not started any more: everything is ending`));
      const starting = start().then((part) => {
        running.add(part);
        return part;
      });
      kept.push({ name, starting, boundMs });
      return starting;
    },
    async close(onStop) {
      closing = true;
      for (const part of kept.splice(0).toReversed()) {
        onStop(part.name);
        await stop(part);
      }
    },
    kill() {
      for (const part of running) part.kill();
    },
  };
}
