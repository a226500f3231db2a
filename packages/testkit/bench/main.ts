import { parseArgs } from 'node:util';
import { boot } from './boot.ts';
import { overhead } from './overhead.ts';

const BENCHES = { overhead, boot };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, rounds: { type: 'string' }, transport: { type: 'string' } },
});
const chosen = positionals.length === 0 ? Object.keys(BENCHES) : positionals;
const unknown = chosen.filter((name) => !(name in BENCHES));
const rounds = Number(values.rounds ?? 5);
const transport = values.transport ?? 'redis';
if (
  unknown.length > 0 ||
  !Number.isInteger(rounds) ||
  rounds < 1 ||
  (transport !== 'redis' && transport !== 'postgres')
) {
  console.error(
    `usage: pnpm bench [${Object.keys(BENCHES).join('|')}]… [--json] [--rounds N≥1] [--transport redis|postgres]; got ${process.argv.slice(2).join(' ')}`,
  );
  process.exit(2);
}
for (const name of chosen as (keyof typeof BENCHES)[]) {
  const say = values.json ? () => {} : (line: string) => console.log(line);
  say(`\n# ${name}`);
  const figures = await BENCHES[name]({ rounds, transport, say });
  console.log(JSON.stringify({ bench: name, transport, rounds, ...figures }));
}
