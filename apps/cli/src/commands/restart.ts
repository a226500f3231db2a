import { Argument, type Command } from '@commander-js/extra-typings';
import { print } from '../output.ts';
import { upConfig } from '../up/config.ts';

export function addRestart(program: Command): void {
  program
    .command('restart')
    .description('put new processes in the place of the servers of a running `hearth up`; no request fails of it')
    .addArgument(new Argument('[server]', 'only this one').choices(['scheduler', 'dispatcher', 'api'] as const))
    .action(async (server) => {
      const { HEARTH_DATA_DIR } = upConfig(process.env);
      const { askToRestart, RESTARTABLE } = await import('../up/control.ts');
      for (const room of server === undefined ? RESTARTABLE : [server]) {
        await askToRestart(HEARTH_DATA_DIR, room);
        print(`restarted the ${room}`);
      }
    });
}
