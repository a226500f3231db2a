import type { Board } from '../board/board.ts';
import type { App, Context } from '../context.ts';
import { EVENT_STREAM_HEADERS, type EventReader, EventStream } from '../event-stream.ts';
import { callerOf } from '../plugins/auth.ts';

/** How soon a stream ends after its token or session was removed. */
const LOOK_AT_CALLER_MS = 10_000;

/** For who did not ask for events, as browsers' sources of them do: an answer without an end would look like none. */
const snapshotOnly = (reader: EventReader<Board | null>): EventReader<Board | null> => ({
  ...reader,
  after(position) {
    const chunk = reader.after(position);
    return chunk && { ...chunk, last: true };
  },
});

/** Ours: everything that is live, and what changes of it. For the web UI, and for whoever wants to watch. */
export function boardRoutes(app: App, { auth, watching, closing, deps }: Context): void {
  const options = { config: { needs: 'read' as const }, schema: { tags: ['fleet'] }, exposeHeadRoute: false };
  app.get('/board/events', options, async (request, reply) => {
    const caller = callerOf(request);
    const gone = new AbortController();
    // It has no end of its own to wait for, and is opened again elsewhere without a loss.
    const ending = AbortSignal.any([closing, gone.signal, ...(deps.leaving ? [deps.leaving] : [])]);
    const stays = request.headers.accept?.includes('text/event-stream') ?? false;
    const open = async (onNews: () => void) => {
      const reader = watching.open(caller, onNews);
      return stays ? reader : snapshotOnly(reader);
    };
    const body = await EventStream.open(open, null, ending);
    const look = async (): Promise<void> => {
      try {
        await auth.identify(request);
        if (request.identity === null) gone.abort();
      } catch (error) {
        deps.log.warn({ err: error }, 'could not look whether a watcher may go on; looking again soon');
      }
    };
    const timer = setInterval(() => void look(), LOOK_AT_CALLER_MS);
    body?.once('close', () => clearInterval(timer));
    return reply.headers(EVENT_STREAM_HEADERS).send(body);
  });
}
