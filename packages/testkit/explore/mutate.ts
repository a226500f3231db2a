import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { MUTANTS } from './mutants.ts';

// Preloaded (`node --import`): the process then runs the code with the bug that HEARTH_MUTANT names put into it.

const mutant = MUTANTS.find(({ bug }) => bug === process.env.HEARTH_MUTANT);
if (mutant === undefined) throw new Error(`there is no mutant "${process.env.HEARTH_MUTANT}"`);
const { file, from, to } = mutant;
const mutated = new URL(`../../../${file}`, import.meta.url).href;
const text = readFileSync(fileURLToPath(mutated), 'utf8');
if (text.split(from).length !== 2) throw new Error(`"${from}" does not occur once in ${file}`);

registerHooks({
  load(url, context, nextLoad) {
    if (url !== mutated) return nextLoad(url, context);
    return { format: 'module-typescript', source: text.replace(from, () => to), shortCircuit: true };
  },
});
