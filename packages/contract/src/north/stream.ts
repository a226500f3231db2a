/** An event of a prediction's stream. Other names crash Replicate's Python client. Source: contract §2. */
export interface StreamEvent {
  readonly event: 'output' | 'logs' | 'error' | 'done';
  /** `<outputs sent>:<log characters sent>`; given back as `Last-Event-ID` it resumes exactly there. */
  readonly id: string;
  readonly data: string;
}

const NAMES: readonly string[] = ['output', 'logs', 'error', 'done'] satisfies StreamEvent['event'][];
const isName = (name: string): name is StreamEvent['event'] => NAMES.includes(name);

/**
 * One event as it goes over the wire. Each line of the data is a `data:` line of its own. The format knows LF, CR and CRLF
 * as ends of a line and has no way to carry a CR, so all three arrive as LF; a CR inside a line would lose what follows it.
 */
export const writeStreamEvent = ({ event, id, data }: StreamEvent): string =>
  `id: ${id}\nevent: ${event}\n${data
    .split(/\r\n|\r|\n/)
    .map((line) => `data: ${line}\n`)
    .join('')}\n`;

/** Reads a body of `text/event-stream`. Comments and events that are not ours are passed over. */
export async function* readStreamEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of body) {
    pending += decoder.decode(chunk, { stream: true });
    const blocks = pending.split('\n\n');
    pending = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = parseBlock(block);
      if (event !== null) yield event;
    }
  }
}

function parseBlock(block: string): StreamEvent | null {
  let event = '';
  let id = '';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    const field = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') event = value;
    else if (field === 'id') id = value;
    else if (field === 'data') data.push(value);
  }
  return isName(event) ? { event, id, data: data.join('\n') } : null;
}
