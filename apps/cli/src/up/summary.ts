import pc from 'picocolors';

/** What became of one example model. */
export interface ExampleOutcome {
  readonly name: string;
  readonly how: 'container' | 'process' | 'failed';
}

export interface SummaryFacts {
  readonly url: string;
  readonly dataFolder: string;
  readonly database: string;
  readonly queue: string;
  readonly runtime: string;
  /** Shown once, on the first start. */
  readonly firstToken: string | null;
  readonly examples: readonly ExampleOutcome[];
  /** Why there is no web UI; null: there is. */
  readonly webProblem: string | null;
  /** Why the examples run as they do, where that needs saying. */
  readonly examplesNote: string | null;
  readonly tookMs: number;
}

/** What a start ends with: where it is, what it chose and why, and a line that runs a first prediction. */
export function summaryText(facts: SummaryFacts): string {
  const rows: [string, string][] = [
    ['Web UI', `${facts.url}   ${signInWords(facts)}`],
    ['API', `${facts.url}/v1   reference: ${facts.url}/docs`],
    ['Data', facts.dataFolder],
    ['Database', facts.database],
    ['Queue', facts.queue],
    ['Models run', facts.runtime],
  ];
  if (facts.examples.length > 0) rows.push(['Examples', examplesLine(facts)]);
  const token = facts.firstToken
    ? `\n  Admin token, shown only now: ${pc.bold(facts.firstToken)}\n  The official clients take it as REPLICATE_API_TOKEN, with REPLICATE_BASE_URL=${facts.url}/v1\n`
    : '';
  return `
  ${pc.bold('Hearth is up')} ${pc.dim(`(${(facts.tookMs / 1000).toFixed(1)} s)`)}

${rows.map(([label, text]) => `  ${pc.dim(label.padEnd(11))}${text}`).join('\n')}
${token}
  ${firstStep(facts)}

  ${pc.dim('Ctrl-C ends everything that was started here. The data stays.')}
`;
}

function signInWords({ webProblem, firstToken }: SummaryFacts): string {
  if (webProblem !== null) return pc.yellow('(not built, see above)');
  return firstToken === null
    ? 'sign in with a token: npm run hearth -- tokens add NAME --scope admin --operator'
    : 'sign in with the token below';
}

function examplesLine({ examples, examplesNote }: SummaryFacts): string {
  const named = (how: ExampleOutcome['how']) =>
    examples.filter((example) => example.how === how).map(({ name }) => name);
  const groups: [string, string[]][] = [
    ['as containers', named('container')],
    ['as processes', named('process')],
    ['not deployed, see above', named('failed')],
  ];
  const said = groups.filter(([, names]) => names.length > 0).map(([how, names]) => `${names.join(', ')} ${how}`);
  return examplesNote === null ? said.join('; ') : `${said.join('; ')}. ${examplesNote}`;
}

const FIRST_INPUTS: Record<string, string> = { 'hearth/stream': 'text' };

function firstStep({ url, examples, firstToken }: SummaryFacts): string {
  const usable = examples.find(({ name, how }) => how !== 'failed' && FIRST_INPUTS[name] !== undefined);
  if (!usable)
    return `For a first prediction, add a model: ${pc.bold('npm run hearth -- models add IMAGE|FOLDER owner/name')}`;
  const field = FIRST_INPUTS[usable.name] ?? '';
  if (firstToken === null) {
    return `For a first prediction:\n\n  npm run -s hearth -- run ${usable.name} -i ${field}="Hello from my own machine"`;
  }
  const body = JSON.stringify({ version: usable.name, input: { [field]: 'Hello from my own machine' } });
  return `For a first prediction:\n\n  curl -s ${url}/v1/predictions -H 'Authorization: Bearer ${firstToken}' -H 'Content-Type: application/json' -H 'Prefer: wait' -d '${body}'`;
}
