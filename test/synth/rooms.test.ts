import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Route } from '../../lambda/http/routes';
import * as accessRoutes from '../../lambda/http/routes/access';
import * as associatesRoutes from '../../lambda/http/routes/associates';
import * as auditRoutes from '../../lambda/http/routes/audit';
import * as breachRoutes from '../../lambda/http/routes/breach';
import * as contingencyRoutes from '../../lambda/http/routes/contingency';
import * as encryptionRoutes from '../../lambda/http/routes/encryption';
import * as peopleRoutes from '../../lambda/http/routes/people';
import * as recordsRoutes from '../../lambda/http/routes/records';
import { entryPoints, preToken } from '../../lib/functions';
import * as access from '../../lib/functions/access';
import * as associates from '../../lib/functions/associates';
import * as audit from '../../lib/functions/audit';
import * as authentication from '../../lib/functions/authentication';
import * as breach from '../../lib/functions/breach';
import * as contingency from '../../lib/functions/contingency';
import * as encryption from '../../lib/functions/encryption';
import * as records from '../../lib/functions/records';

const rooms = { access, associates, audit, authentication, breach, contingency, encryption, records };
const declared = (room: object): readonly string[] => Object.values(room).flatMap((each: object) => Object.keys(each));

test.each(Object.entries(rooms))(
  'lib/functions declares in the room %s what has its entry point there, and nothing else',
  (name, room) => {
    const found = readdirSync(join(__dirname, '../../lambda', name))
      .filter((file) => file.endsWith('.lambda.ts'))
      .map((file) => file.replace(/\.lambda\.ts$/, ''))
      .filter((each) => each !== preToken);
    expect([...declared(room)].sort()).toEqual(found.sort());
  },
);

test('what the rooms declare is what is deployed', () => {
  expect([...Object.values(rooms).flatMap(declared), preToken].sort()).toEqual([...entryPoints].sort());
});

const routeRooms: readonly (readonly [string, Readonly<Record<string, readonly Route[]>>])[] = [
  ['access', { ...accessRoutes, ...peopleRoutes }],
  ['associates', { ...associatesRoutes }],
  ['audit', { ...auditRoutes }],
  ['breach', { ...breachRoutes }],
  ['contingency', { ...contingencyRoutes }],
  ['encryption', { ...encryptionRoutes }],
  ['records', { ...recordsRoutes }],
];

test.each(routeRooms)(
  'lambda/http/routes has in the room %s what its functions answer, and nothing else',
  (name, room) => {
    const elsewhere = Object.values(room)
      .flat()
      .filter((route) => !existsSync(join(__dirname, `../../lambda/${name}/${route.function}.lambda.ts`)));
    expect(elsewhere).toEqual([]);
  },
);
