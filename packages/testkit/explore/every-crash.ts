import { explore } from './explore.ts';
import { type Room, type Scenario, smallScenario } from './scenario.ts';

const NEVER = { scheduler: [], dispatcher: [] };

/** The small world with each server killed once, before and after each call that it makes where nothing breaks. */
export async function everyCrash(everyNth = 1): Promise<(readonly [name: string, Scenario])[]> {
  const { calls, violation } = await explore(smallScenario(NEVER));
  if (violation !== null) throw new Error(`the small world breaks by itself: ${violation.message}`);
  return (['scheduler', 'dispatcher'] as const).flatMap((room) => {
    const count = calls[room][0] ?? 0;
    const places = Array.from({ length: Math.ceil(count / everyNth) }, (_, n) => n * everyNth);
    return places.flatMap((call) => [crashAt(room, call, 'before'), crashAt(room, call, 'after')]);
  });
}

function crashAt(room: Room, call: number, when: 'before' | 'after'): readonly [string, Scenario] {
  const breakpoints = { ...NEVER, [room]: [[{ call, when, how: 'dies' }]] };
  return [`the ${room} dies ${when} its call ${call}`, smallScenario(breakpoints)];
}
