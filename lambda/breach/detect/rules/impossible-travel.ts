import type { Sample } from '../model';
import type { Hit, WindowRule } from './rule';

/**
 * Two sign-ins of one person that take turns from two networks within the hour. There is no map of addresses here: it sees
 * that one account is used in two places at once, not how far apart they are; nor can it tell a telephone beside a desk
 * from a thief but by how often they take turns.
 */
export const impossibleTravel: WindowRule = {
  id: 'impossible-travel',
  severity: 'high',
  mayContain: false,
  marks: ['presence'],
  reason: 'Two sign-ins of one person took turns from two networks faster than anybody moves.',
  evaluate: ({ hour, history, settings }) => {
    const { presence } = hour;
    if (!presence || new Set(presence.members.map(placeOf)).size < 2) return undefined;
    const switches = mostSwitches(presence, history().networks);
    return switches >= settings.travelSwitches ? ({ measure: switches, seen: [presence] } satisfies Hit) : undefined;
  },
};

interface Place {
  readonly minute: number;
  readonly session: string;
  readonly network: string;
}

/** The sign-in and its network. */
const placeOf = (member: string): string => member.slice(3);

/** Of all pairs of sign-ins from different networks, of which one is new or none is known yet. */
function mostSwitches({ members }: Sample, known: Readonly<Record<string, string>>): number {
  const places = members.map((member): Place => {
    const [minute = '', session = '', network = ''] = member.split('|');
    return { minute: Number(minute), session, network };
  });
  const signIns = [...new Map(places.map((place) => [`${place.session}|${place.network}`, place])).values()];
  let most = 0;
  for (const [index, a] of signIns.entries())
    for (const b of signIns.slice(index + 1)) {
      const apart = a.session !== b.session && a.network !== b.network && a.network !== '' && b.network !== '';
      const bothKnown = Object.hasOwn(known, a.network) && Object.hasOwn(known, b.network);
      if (apart && !bothKnown) most = Math.max(most, switches(places, a, b));
    }
  return most;
}

function switches(places: readonly Place[], a: Place, b: Place): number {
  const minutes = (of: Place) =>
    new Set(
      places.filter((each) => each.session === of.session && each.network === of.network).map((each) => each.minute),
    );
  const [ofA, ofB] = [minutes(a), minutes(b)];
  // the longest sequence in turns that ends at either; one minute with both counts in whichever order is longer
  let [atA, atB] = [0, 0];
  for (let minute = 0; minute < 60; minute++) {
    const [inA, inB] = [ofA.has(minute), ofB.has(minute)];
    const [nextA, nextB] = [Math.max(atA, atB + 1), Math.max(atB, atA + 1)];
    if (inA && inB) [atA, atB] = [Math.max(nextA, nextB + 1), Math.max(nextB, nextA + 1)];
    else if (inA) atA = nextA;
    else if (inB) atB = nextB;
  }
  return Math.max(atA, atB) - 1;
}
