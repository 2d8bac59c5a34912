import {
  type AddToPrincipalPolicyResult,
  PolicyDocument,
  type PolicyStatement,
  Role,
  type RoleProps,
} from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledgements';

/**
 * A role with its one policy inside it. It is never there without the policy, nobody can attach the policy elsewhere, and a
 * stack, which holds 500 resources, counts one where CDK's own default policy makes two.
 */
export class OwnRole extends Role {
  readonly #own: PolicyDocument;

  constructor(scope: Construct, id: string, props: Omit<RoleProps, 'inlinePolicies' | 'managedPolicies'>) {
    const own = new PolicyDocument();
    super(scope, id, { ...props, inlinePolicies: { own } });
    this.#own = own;
    acknowledge(this, {
      'HIPAA.Security-IAMNoInlinePolicy':
        'One role a function or schedule and one policy a role: it lives and dies with the role and nobody can attach it elsewhere',
    });
  }

  override addToPrincipalPolicy(statement: PolicyStatement): AddToPrincipalPolicyResult {
    this.#own.addStatements(statement);
    return { statementAdded: true, policyDependable: this };
  }
}
