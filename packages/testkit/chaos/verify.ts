import type { House } from '../src/house.ts';

/** What `hearth usage verify` finds wrong with the ledger, in words; none: nothing. */
export async function verifyLedger(house: House): Promise<string[]> {
  const { code, stdout, stderr } = await house.hearth('usage', 'verify', '--json');
  const last = stdout.trim().split('\n').at(-1) ?? '';
  try {
    const { differences } = JSON.parse(last) as { differences: readonly object[] };
    return differences.map((difference) => `the ledger differs: ${JSON.stringify(difference)}`);
  } catch {
    // It did not come to its last line.
    return [`hearth usage verify ended with ${code}: ${stdout}${stderr}`];
  }
}
