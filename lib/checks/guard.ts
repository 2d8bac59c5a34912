import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CfnGuardValidator } from '@cdklabs/cdk-validator-cfnguard';
import type {
  IPolicyValidationContext,
  IPolicyValidationPlugin,
  PolicyValidationPluginReport,
  PolicyViolation,
} from 'aws-cdk-lib';
import { type GuardFinding, guardFindings } from './guard-findings';
import { resourcesOf } from './template';

export const guardName = 'CloudFormation Guard, rules of AWS Control Tower';
/** what the tool prints about templates of this size, in bytes */
const mostOutput = 256 * 1024 * 1024;
const rulesFolder = join(dirname(require.resolve('@cdklabs/cdk-validator-cfnguard/package.json')), 'rules');

/**
 * The proactive controls of AWS Control Tower, whose text AWS keeps, over the templates as they are deployed. The rules of
 * resource types that no template has are left out: they cost a minute and say nothing.
 */
export class GuardChecks implements IPolicyValidationPlugin {
  readonly name = guardName;

  /** @param answers to findings that stand */
  constructor(private readonly answers: readonly GuardFinding[] = guardFindings) {}

  validate({
    templatePaths,
    appConstruct,
  }: Pick<IPolicyValidationContext, 'templatePaths' | 'appConstruct'>): PolicyValidationPluginReport {
    const types = new Set(templatePaths.flatMap((path) => resourcesOf(path).map(({ type }) => type)));
    const rules = ruleFiles(rulesFolder).filter((file) => selects(readFileSync(file, 'utf8'), types));
    const validator = new CfnGuardValidator({ controlTowerRulesEnabled: false, rules, maxBuffer: mostOutput });
    const { violations } = validator.validate({ templatePaths, appConstruct });
    const unanswered = violations.flatMap((violation) => withoutAnswered(violation, this.answers));
    return { success: unanswered.length === 0, violations: unanswered };
  }
}

/** @returns the violation with the resources that no entry of guard-findings.ts answers; none if all are answered */
function withoutAnswered(violation: PolicyViolation, answers: readonly GuardFinding[]): PolicyViolation[] {
  const control = controlOf(violation);
  const violatingResources = violation.violatingResources.filter(
    ({ resourceLogicalId = '' }) =>
      !answers.some((answer) => answer.control === control && answer.resources.test(resourceLogicalId)),
  );
  return violatingResources.length > 0 ? [{ ...violation, violatingResources }] : [];
}

/** @returns the number that AWS gives the control, such as CT.S3.PR.1 */
export const controlOf = ({ description }: Pick<PolicyViolation, 'description'>): string =>
  /\[(CT\.[A-Z0-9.]+)\]/.exec(description)?.[1] ?? description;

function ruleFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? ruleFiles(path) : path.endsWith('.guard') ? [path] : [];
  });
}

/** A rule names its types in the lines that select resources: `let X_TYPE = "AWS::…"` or `Type == 'AWS::…'`. */
function selects(rule: string, types: ReadonlySet<string>): boolean {
  const code = rule.replaceAll(/^\s*#.*$/gm, '');
  return [...code.matchAll(/(?:^let \w+\s*=|Type (?:==|in))\s*[[(]?\s*((?:["']AWS::[\w:]+["'],?\s*)+)/gm)].some(
    ([, named = '']) => [...named.matchAll(/AWS::[\w:]+/g)].some(([type]) => types.has(type)),
  );
}
