import type { Command } from '@commander-js/extra-typings';
import { createHouse } from '../up/house.ts';
import { createProgress } from '../up/progress.ts';

/** One Ctrl-C may arrive several times: from the terminal, from npm, from the bootstrap. Later ones are impatience. */
const SAME_SIGNAL_MS = 1_000;

export function addUp(program: Command): void {
  program
    .command('up')
    .description('run Hearth on this machine until Ctrl-C: the servers, and whatever stores are not configured')
    .action(async () => {
      const ending = new AbortController();
      const house = createHouse();
      let firstSignalAt: number | null = null;
      const onSignal = () => {
        firstSignalAt ??= performance.now();
        if (performance.now() - firstSignalAt > SAME_SIGNAL_MS) {
          house.kill();
          process.exit(1);
        }
        ending.abort();
      };
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
      // Loaded here: the stores' libraries would cost every other verb half a second.
      const { up } = await import('../up/up.ts');
      await up(process.env, createProgress(process.stdout), house, ending.signal);
      process.exit(0);
    });
}
