/** The variable that tells tests where vitest's global set-up listens. */
export const TEST_POSTGRES = 'HEARTH_TEST_POSTGRES';

export interface TestDatabase {
  /** A migrated database of its own, empty. */
  readonly url: string;
  /** Drops it, with whatever is still connected. */
  close(): Promise<void>;
}

/** A fresh database for one test file, copied from a migrated template. Works under this repository's vitest only. */
export async function testDatabase(): Promise<TestDatabase> {
  const broker = process.env[TEST_POSTGRES];
  if (!broker) throw new Error(`${TEST_POSTGRES} is not set: testDatabase() works under vitest's global set-up only`);
  const url = await ask(broker, 'POST');
  const name = new URL(url).pathname;
  return {
    url,
    async close() {
      await ask(broker + name, 'DELETE');
    },
  };
}

async function ask(address: string, method: string): Promise<string> {
  const response = await fetch(address, { method });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${address}: ${text}`);
  return text;
}
