import { errorText } from './error-text.ts';
import { createProgram } from './program.ts';

try {
  await createProgram().parseAsync();
} catch (error) {
  process.stderr.write(`${errorText(error, process.env)}\n`);
  process.exit(1);
}
