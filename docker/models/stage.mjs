// @ts-check
/**
 * Stages a model as a folder that runs by itself: `main.mjs`, bundled from the model and the kit, and beside it a
 * node_modules with the packages that cannot be bundled (native code, data files). Node strips no types below
 * node_modules, so the sources of the workspace could not simply be copied there.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, matchesGlob, relative } from 'node:path';
import { rolldown } from 'rolldown';

/** @param {string} folder @returns {{ name: string, dependencies?: Record<string, string>, optionalDependencies?: Record<string, string>, imageIgnore?: string[] }} */
const manifestIn = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** @param {string} name */
const isOurs = (name) => name.startsWith('@hearth/');

/**
 * The folder of a package as seen from another one; null where it is not installed (optional, other platforms).
 * @param {string} name @param {string} from @returns {string | null}
 */
function locate(name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate);
    if (folder === dirname(folder)) return null;
  }
}

/**
 * Copies a package and what it depends on. Flat, except where two versions of one name meet: the second goes below the
 * package that wants it.
 * @param {string} name @param {string} from
 * @param {{ root: string, above: string, placed: Map<string, string>, ignore: string[], optional: boolean }} to
 */
function copyPackage(name, from, to) {
  const source = locate(name, from);
  if (source === null) {
    if (to.optional) return;
    throw new Error(`${name}, which ${from} depends on, is not installed`);
  }
  const flat = join(to.root, name);
  const taken = to.placed.get(flat);
  if (taken === source) return;
  const target = taken === undefined ? flat : join(to.above, 'node_modules', name);
  if (to.placed.get(target) === source) return;
  to.placed.set(target, source);
  cpSync(source, target, {
    recursive: true,
    filter: (path) => {
      const inside = relative(source, path);
      return !inside.startsWith('node_modules') && !to.ignore.some((glob) => matchesGlob(join(name, inside), glob));
    },
  });
  const { dependencies = {}, optionalDependencies = {} } = manifestIn(source);
  for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const optional = dependency in optionalDependencies;
    copyPackage(dependency, source, { ...to, above: target, optional });
  }
}

/**
 * @param {object} what
 * @param {string} what.model folder of the model, with `src/main.ts`
 * @param {string} what.into folder to fill; made where it is missing
 * @returns {Promise<void>}
 */
export async function stageModel({ model, into }) {
  const manifest = manifestIn(model);
  const external = Object.keys(manifest.dependencies ?? {}).filter((name) => !isOurs(name));
  mkdirSync(into, { recursive: true });
  const bundle = await rolldown({
    input: join(model, 'src/main.ts'),
    platform: 'node',
    external: external.flatMap((name) => [name, new RegExp(`^${name}/`)]),
  });
  try {
    await bundle.write({ file: join(into, 'main.mjs'), format: 'esm', codeSplitting: false });
  } finally {
    await bundle.close();
  }
  const root = join(into, 'node_modules');
  /** @type {Map<string, string>} */
  const placed = new Map();
  for (const name of external) {
    copyPackage(name, model, { root, above: into, placed, ignore: manifest.imageIgnore ?? [], optional: false });
  }
}
