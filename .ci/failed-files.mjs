// Prints the test files that failed, one a line. Exits 1 where there are none to run again, or too many to blame the machine.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const AT_MOST = 5;

const { testResults } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const failed = testResults.filter(({ status }) => status === 'failed').map(({ name }) => relative('.', name));
if (failed.length === 0 || failed.length > AT_MOST) {
  console.error(`${failed.length} test files failed; between 1 and ${AT_MOST} are run again`);
  process.exit(1);
}
console.log(failed.join('\n'));
