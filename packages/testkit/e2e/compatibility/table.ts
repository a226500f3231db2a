import type { Check } from './check.ts';

/** How a check went: null is well. */
export type Outcome = { readonly check: Check; readonly error: string | null };

const HEAD = `# Compatibility with Replicate's clients

Made by \`packages/testkit/e2e/compatibility.test.ts\`, which runs every method of the official JavaScript client (\`replicate\` VERSION) against a running Hearth behind TLS. The test fails where this page is not what it saw; \`HEARTH_WRITE_DOCS=1\` writes the page anew.

| method | call | requests | works |
|---|---|---|---|
`;

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** The page that says what works. */
export function compatibilityPage(clientVersion: string, outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ check: { method, how, http }, error }) => {
    const works = error === null ? 'yes' : `no: ${error}`;
    return `| \`${method}\` | ${cell(how)} | ${cell(http)} | ${cell(works)} |\n`;
  });
  return HEAD.replace('VERSION', clientVersion) + rows.join('');
}
