import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { guardFindings } from '../../lib/checks/guard-findings';
import { page } from '../../scripts/acknowledgements';
import { synthesize, variants } from './assembly';
import { differences, snapshotOf } from './snapshot';
import { describeApi } from './template/api';
import { describeAudit } from './template/audit';
import { describeAuthentication } from './template/authentication';
import { describeChecks } from './template/checks';
import { describeContingency } from './template/contingency';
import { describeCost } from './template/cost';
import { describeDeployment } from './template/deployment';
import { describeEvidence } from './template/evidence';
import { describeFunctions } from './template/functions';
import { describeGrants } from './template/grants';
import { describeKeys } from './template/keys';
import { describeLogs } from './template/logs';
import { describeNetwork } from './template/network';
import { describeOperations } from './template/operations';
import { describePrivilege } from './template/privilege';
import { describeQueries } from './template/queries';
import { describeRecovery } from './template/recovery';
import { describeReplicas } from './template/replicas';
import { describeRestoreTests } from './template/restore-tests';
import { describeStores } from './template/stores';
import { describeSuccession } from './template/succession';
import { describeTrail } from './template/trail';
import { describeTransmission } from './template/transmission';

// One synthesis for all of them.
const synthesized = synthesize();

describe('what a reviewer sees of a change', () => {
  const snapshots = join(__dirname, 'snapshots');

  test('each production template is as its snapshot says: npx tsx scripts/snapshots.ts writes them', () => {
    const { byName } = synthesized.production;
    expect(readdirSync(snapshots).sort()).toEqual(
      Object.keys(byName)
        .map((name) => `${name}.txt`)
        .sort(),
    );
    for (const [name, template] of Object.entries(byName)) {
      const before = readFileSync(join(snapshots, `${name}.txt`), 'utf8').split('\n');
      const now = snapshotOf(template.json).split('\n');
      const [gone, come] = [new Set(now), new Set(before)].map((other, index) =>
        (index === 0 ? before : now).filter((line) => !other.has(line)).slice(0, 10),
      );
      expect([name, gone, come, now.length]).toEqual([name, [], [], before.length]);
    }
  });

  test.each(Object.entries(variants))(
    'what a stage with other settings has otherwise is as its snapshot says: %s',
    (stage, { region }) => {
      const folder = join(__dirname, 'variants', stage);
      const { byName } =
        { apart: synthesized.apart, cheap: synthesized.cheap, second: synthesized.second }[stage] ?? synthesized.local;
      const now = Object.entries(byName).map(([name, { json: template }]) => {
        const file = join(snapshots, `${name}.txt`);
        const base = existsSync(file) ? readFileSync(file, 'utf8') : '';
        return [`${name}.txt`, differences(base, { template, stage, region })] as const;
      });
      const told = now.filter(([, text]) => text !== '');
      expect(readdirSync(folder).sort()).toEqual(told.map(([file]) => file).sort());
      for (const [file, text] of told) {
        const [before, after] = [readFileSync(join(folder, file), 'utf8').split('\n'), text.split('\n')];
        const come = after.filter((line) => !before.includes(line)).slice(0, 10);
        expect([file, come, after.length]).toEqual([file, [], before.length]);
      }
    },
  );
});

describe('the user pool', () => describeAuthentication(synthesized));
describe('keys', () => describeKeys(synthesized));
describe('the audit log', () => describeAudit(synthesized));
describe('operations', () => describeOperations(synthesized));
describe('stores', () => describeStores(synthesized));
describe('contingency', () => describeContingency(synthesized));
describe('second buckets', () => describeReplicas(synthesized));
describe('restore tests', () => describeRestoreTests(synthesized));
describe('the recovery Region', () => describeRecovery(synthesized));
describe('a stage that stands by', () => describeSuccession(synthesized));
describe('logs', () => describeLogs(synthesized));
describe('privilege', () => describePrivilege(synthesized));
describe('functions', () => describeFunctions(synthesized));
describe('what functions may', () => describeGrants(synthesized));
describe('questions to the audit log', () => describeQueries(synthesized));
describe('what it costs', () => describeCost(synthesized));
describe('own checks', () => describeChecks(synthesized));
describe('evidence', () => describeEvidence(synthesized));
describe('the API', () => describeApi(synthesized));
describe('the network', () => describeNetwork(synthesized));
describe('transmission', () => describeTransmission(synthesized));
describe('the trail', () => describeTrail(synthesized));
describe('what a deployment may', () => describeDeployment(synthesized));

describe('findings of the rule packs', () => {
  const { findings, production } = synthesized;
  const { acknowledgements } = production;

  test('each acknowledgement answers a finding: none is left of what was put right', () => {
    const unanswered = acknowledgements.filter(
      ({ rule, path }) =>
        !findings.some(
          (finding) =>
            (finding.rule === rule || rule.endsWith(`::${finding.rule}`)) && finding.path.startsWith(`${path}/`),
        ),
    );
    expect(unanswered).toEqual([]);
  });

  test('each has a reason that is a sentence', () => {
    expect(acknowledgements.length).toBeGreaterThan(10);
    expect(acknowledgements.filter(({ reason }) => reason.split(' ').length < 8)).toEqual([]);
  });

  test('each finding of the Control Tower rules is answered with a reason, and each answer answers one', () => {
    const { guard, variantGuard } = synthesized;
    const all = [...guard, ...variantGuard];
    const answers = guardFindings.map((answer) => ({
      ...answer,
      found: all.filter(([control, id]) => answer.control === control && answer.resources.test(id)),
    }));
    const answered = new Set(answers.flatMap(({ found }) => found));
    expect(guard.length).toBeGreaterThan(10);
    expect(variantGuard.length).toBeGreaterThan(guard.length);
    expect(all.filter((each) => !answered.has(each))).toEqual([]);
    expect(answers.filter(({ found }) => found.length === 0).map(({ control }) => control)).toEqual([]);
    expect(guardFindings.filter(({ reason }) => reason.split(' ').length < 8)).toEqual([]);
  });

  test('docs/acknowledgements.md lists them as they are: npx tsx scripts/acknowledgements.ts writes it', () => {
    expect(readFileSync(join(__dirname, '../../docs/acknowledgements.md'), 'utf8')).toBe(page(acknowledgements));
  });
});
