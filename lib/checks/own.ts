import type { IPolicyValidationContext, IPolicyValidationPlugin, PolicyValidationPluginReport } from 'aws-cdk-lib';
import { ownRules } from './own-rules';
import { resourcesOf } from './template';

/**
 * What the public rule packs do not look at, checked at every synthesis, the laptop's too: whoever changes Ward for
 * themselves and takes a safeguard out learns it before they deploy. 45 CFR 164.308(a)(8).
 */
export class OwnChecks implements IPolicyValidationPlugin {
  readonly name = 'Ward';
  readonly ruleIds = ownRules.map(({ id }) => id);

  validate({ templatePaths }: IPolicyValidationContext): PolicyValidationPluginReport {
    const templates = templatePaths.map((templatePath) => ({ templatePath, stack: resourcesOf(templatePath) }));
    const stage = templates.flatMap(({ stack }) => stack);
    const violations = ownRules.flatMap(({ id, description, fix, violates }) => {
      const violatingResources = templates.flatMap(({ templatePath, stack }) =>
        stack.flatMap((resource) => {
          const location = violates(resource, { stack, stage });
          return location === undefined
            ? []
            : [{ resourceLogicalId: resource.id, templatePath, locations: [`Properties/${location}`] }];
        }),
      );
      return violatingResources.length > 0 ? [{ ruleName: id, description, fix, violatingResources }] : [];
    });
    return { success: violations.length === 0, violations };
  }
}
