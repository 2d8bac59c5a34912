import { readdirSync } from 'node:fs';
import { join } from 'node:path';
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
