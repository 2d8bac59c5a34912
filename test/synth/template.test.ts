import { synthesize } from './assembly';
import { describeApi } from './template/api';
import { describeAuthentication } from './template/authentication';
import { describeFunctions } from './template/functions';
import { describeKeys } from './template/keys';
import { describeStores } from './template/stores';

// One synthesis for all of them.
const synthesized = synthesize();

describe('the user pool', () => describeAuthentication(synthesized));
describe('keys', () => describeKeys(synthesized));
describe('stores', () => describeStores(synthesized));
describe('functions', () => describeFunctions(synthesized));
describe('the API', () => describeApi(synthesized));

test('every acknowledged finding has a reason that is a sentence', () => {
  const { acknowledgements } = synthesized.production;
  expect(acknowledgements.length).toBeGreaterThan(10);
  expect(acknowledgements.filter(({ reason }) => reason.split(' ').length < 8)).toEqual([]);
});
