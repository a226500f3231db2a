import type { Compilable } from 'kysely';
import type { Connection } from './database.ts';

/**
 * A query of the warm path, written with kysely, compiled once here and prepared by name on each connection: about half the
 * time of compiling and parsing it at every call. `build` is called once, with markers for its arguments.
 */
export function prepared<Row extends object>(
  { pool }: Pick<Connection, 'pool'>,
  name: string,
  build: (...args: string[]) => Compilable<Row>,
): (...args: string[]) => Promise<Row | null> {
  const markers = Array.from({ length: build.length }, (_, n) => `argument ${n}`);
  const { sql: text, parameters } = build(...markers).compile();
  const places = parameters.map((parameter) => markers.indexOf(String(parameter)));
  return async (...args) => {
    const values = places.map((place, n) => (place === -1 ? parameters[n] : args[place]));
    const { rows } = await pool.query<Row>({ name: `hearth_${name}`, text, values });
    return rows[0] ?? null;
  };
}
