import { ERRORS } from '@hearth/contract';
import { expect, it } from 'vitest';

const rows = Object.entries(ERRORS).map(
  ([code, { status, title, when }]) => `| ${status} | \`${code}\` | ${title} | ${when} |`,
);

const page = `# Errors of the HTTP API

Every answer of 400 and above is \`application/problem+json\`:

\`\`\`json
{
  "title": "Input validation failed",
  "detail": "- input.rate: 500 is more than the maximum, 100",
  "status": 422,
  "code": "invalid-input",
  "invalid_fields": [
    { "type": "number_lte", "field": "input.rate", "description": "500 is more than the maximum, 100" }
  ]
}
\`\`\`

\`code\` is stable and is what a program should look at; \`detail\` is for people. A 500 carries a \`request_id\`, under which the API's log has the cause.
The page is written from \`packages/contract/src/north/errors.ts\` by \`vitest run -u apps/api/test/errors-doc.test.ts\`.

| status | code | title | when |
|---|---|---|---|
${rows.join('\n')}
`;

it('docs/errors.md says what the catalogue says', async () => {
  await expect(page).toMatchFileSnapshot('../../../docs/errors.md');
});
