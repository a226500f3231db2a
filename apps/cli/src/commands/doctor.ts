import type { Command } from '@commander-js/extra-typings';
import { checksText } from '../host-check.ts';
import { print, printJson } from '../output.ts';
import { upConfig } from '../up/config.ts';

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'look at what Hearth depends on, whether it runs or not, and say what to do; exits with 1 if something is wrong',
    )
    .option('--json', 'print JSON')
    .action(async ({ json }) => {
      const config = upConfig(process.env);
      const { askForStores } = await import('../up/control.ts');
      const { lookAtEverything } = await import('../doctor/look.ts');
      const findings = await lookAtEverything(config, process.env, await askForStores(config.HEARTH_DATA_DIR));
      if (json) printJson(findings);
      else print(checksText(findings));
      if (findings.some(({ status }) => status === 'failed')) process.exitCode = 1;
    });
}
