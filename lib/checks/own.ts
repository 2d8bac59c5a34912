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
    const violations = ownRules.flatMap(({ id, description, fix, violates }) => {
      const violatingResources = templatePaths.flatMap((templatePath) =>
        resourcesOf(templatePath).flatMap((resource) => {
          const location = violates(resource);
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
