import { setTimeout as delay } from 'node:timers/promises';
import { defineModel, field, output } from '@hearth/modelkit';
import { crash, fillMemory, hang } from './faults.ts';
import { readFaultySettings } from './settings.ts';

const PROGRESS_STEPS = 10;

/** Every way a model can go wrong, on demand; the README lists its settings. */
export const model = defineModel({
  input: {
    text: field.string({ description: 'Given back, after a greeting', default: '' }),
    seconds: field.number({ description: 'How long it runs before it does as mode says', min: 0, default: 0 }),
    mode: field.choice(['ok', 'fail', 'crash', 'oom', 'hang'], {
      description: 'hang ignores cancel, crash ends the process, oom fills the memory until it is killed',
      default: 'ok',
    }),
    log_lines: field.integer({ description: 'Lines it logs at the start', min: 0, default: 0 }),
    output_bytes: field.integer({ description: 'Least size of the output', min: 0, default: 0 }),
  },
  output: output.string(),
  async setup({ log }) {
    const settings = readFaultySettings(process.env);
    for (let line = 1; line <= settings.setupLogLines; line += 1) log(`setup line ${line}`);
    await delay(settings.setupSeconds * 1000);
    if (settings.setup === 'fail') throw new Error('setup failed on purpose');
    if (settings.setup === 'crash') crash();
    if (settings.setup === 'oom') await fillMemory(log);
    if (settings.setup === 'hang') await hang();
  },
  async predict({ input, log, signal }) {
    for (let line = 1; line <= input.log_lines; line += 1) log(`line ${line}`);
    if (input.seconds > 0) {
      for (let step = 1; step <= PROGRESS_STEPS; step += 1) {
        await delay((input.seconds * 1000) / PROGRESS_STEPS, undefined, { signal });
        log(`${step * 10}%|${'#'.repeat(step).padEnd(PROGRESS_STEPS)}| ${step}/${PROGRESS_STEPS}`);
      }
    }
    if (input.mode === 'fail') throw new Error('model failed on purpose');
    if (input.mode === 'crash') crash();
    if (input.mode === 'oom') await fillMemory(log);
    if (input.mode === 'hang') await hang();
    return `hello ${input.text}`.padEnd(input.output_bytes, '.');
  },
});
