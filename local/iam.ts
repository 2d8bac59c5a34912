import { contextOf } from './iam/context';
import { usedOf } from './iam/granted';
import { collectPolicies, type Policies } from './iam/policies';
import { compilePolicy, holds, type Match, type Principal, type Statement } from './iam/statement';
import type { UseRecorder } from './iam/use-record';
import { type Access, type Authorize, type Caller, ServiceError } from './service';
import { Assembly } from './template';

export type { Policies, ResourcePolicy, RolePolicies } from './iam/policies';

interface Role {
  readonly identity: readonly Statement[];
  readonly boundary: readonly Statement[] | undefined;
  readonly trust: readonly Statement[];
}

/** What the statements of one kind of policy say to a call. */
interface Verdict {
  readonly denied: boolean;
  readonly allowed: boolean;
  /** the resource's policy leaves the decision to the policies of the account's principals */
  readonly delegated: boolean;
}

/**
 * Evaluates the synthesized policies as IAM does within one account: an explicit deny wins, a permissions boundary must
 * allow as well, and a KMS key answers to its own policy first.
 */
export class Iam {
  private readonly account: string;
  private readonly region: string;
  private readonly roles = new Map<string, Role>();
  private readonly resourcePolicies = new Map<string, Statement[]>();
  private readonly candidates = new Map<readonly Statement[], Map<string, readonly Statement[]>>();
  private readonly record: UseRecorder | undefined;
  private readonly now: () => number;

  /**
   * @param options.now milliseconds since the epoch, for `aws:CurrentTime`
   * @param options.record is told what the roles of functions used and what they were denied
   * @throws Error naming the statement and its operator, condition key, principal, element or managed policy that the laptop
   *   could not evaluate exactly as IAM would
   */
  constructor(
    source: Assembly | Policies,
    options: { readonly now?: () => number; readonly record?: UseRecorder } = {},
  ) {
    const policies = source instanceof Assembly ? collectPolicies(source) : source;
    this.account = policies.account;
    this.region = policies.region;
    this.now = options.now ?? Date.now;
    this.record = options.record;
    for (const { arn, identity, boundary, trust } of policies.roles)
      this.roles.set(arn, {
        identity: identity.flatMap(({ name, document }) => compilePolicy(name, document, 'identity')),
        boundary: boundary && compilePolicy(boundary.name, boundary.document, 'identity'),
        trust: trust ? compilePolicy(trust.name, trust.document, 'trust') : [],
      });
    for (const { name, document, resource } of policies.resourcePolicies)
      this.resourcePolicies.set(resource, [
        ...(this.resourcePolicies.get(resource) ?? []),
        ...compilePolicy(name, document, 'resource'),
      ]);
  }

  /** @throws ServiceError AccessDeniedException (400, or 403 for S3 and SES) when the policies do not allow the call */
  readonly authorize: Authorize = (caller, access) => {
    const reason = this.refusal(caller, access);
    const told = caller.kind === 'role' && caller.rehearsed !== 'attack' ? this.record : undefined;
    if (reason !== undefined) {
      if (!access.optional && caller.kind === 'role' && !caller.rehearsed) this.record?.denied(caller.arn, access);
      const { action, resource } = access;
      const who = caller.kind === 'anonymous' ? 'anonymous' : caller.arn;
      throw new ServiceError(
        'AccessDeniedException',
        `User: ${who} is not authorized to perform: ${action} on resource: ${resource} because ${reason}`,
        /^(s3|ses):/.test(action) ? 403 : 400,
      );
    }
    if (told) this.tell(told, caller.arn, access);
  };

  /**
   * Whether a service such as `apigateway.amazonaws.com` may invoke a function for one of its resources.
   * @param functionId name or ARN, with its qualifier if it is invoked through one
   * @param sourceArn of the route, rule or pool that calls
   */
  mayInvoke(service: string, functionId: string, sourceArn: string): boolean {
    const resource = functionId.startsWith('arn:')
      ? functionId
      : `arn:aws:lambda:${this.region}:${this.account}:function:${functionId}`;
    return this.serviceMay(service, { action: 'lambda:InvokeFunction', resource }, sourceArn);
  }

  /** Whether a service may call with a resource's policy alone, such as EventBridge sending to a queue. */
  serviceMay(service: string, access: Access, sourceArn: string): boolean {
    const { denied, allowed } = this.ask(
      this.policyOf(access.resource),
      servicePrincipal(service),
      this.from(access, sourceArn),
    );
    return allowed && !denied;
  }

  /** Whether a service may take on a role: Lambda a function's, the scheduler a schedule's. */
  mayAssume(service: string, roleArn: string, sourceArn?: string): boolean {
    const access = { action: 'sts:AssumeRole', resource: roleArn };
    const { denied, allowed } = this.ask(
      this.roles.get(roleArn)?.trust ?? none,
      servicePrincipal(service),
      sourceArn === undefined ? access : this.from(access, sourceArn),
    );
    return allowed && !denied;
  }

  /** undefined when the call is allowed, else why not, in the words of AWS */
  private refusal(caller: Caller, access: Access): string | undefined {
    if (caller.kind !== 'anonymous' && accountOf(caller.arn) !== this.account)
      return 'the caller is of another account';
    const principal: Principal = {
      kind: caller.kind,
      name: caller.kind === 'anonymous' ? '' : caller.arn,
      account: caller.kind === 'anonymous' ? '' : this.account,
    };
    const resourcePolicy = this.ask(this.policyOf(access.resource), principal, access);
    if (resourcePolicy.denied) return 'of an explicit deny in a resource-based policy';
    const needsKeyPolicy = access.action.startsWith('kms:') && access.resource !== '*';
    const none = `no resource-based policy allows the ${access.action} action`;
    if (caller.kind === 'anonymous') return resourcePolicy.allowed ? undefined : none;
    if (caller.kind === 'root') return needsKeyPolicy && !resourcePolicy.allowed ? none : undefined;
    const role = this.roles.get(caller.arn);
    if (!role) return 'no such role exists';
    const identity = this.ask(role.identity, principal, access);
    if (identity.denied) return 'of an explicit deny in an identity-based policy';
    const boundary = role.boundary && this.ask(role.boundary, principal, access);
    if (boundary?.denied) return 'of an explicit deny in a permissions boundary';
    // AWS lets a few grants to everyone past a boundary; here it limits them all, so that nothing runs only by such a grant.
    if (boundary && !boundary.allowed) return `no permissions boundary allows the ${access.action} action`;
    if (resourcePolicy.allowed) return undefined;
    if (needsKeyPolicy && !resourcePolicy.delegated) return none;
    return identity.allowed ? undefined : `no identity-based policy allows the ${access.action} action`;
  }

  private ask(statements: readonly Statement[], principal: Principal, access: Access): Verdict {
    let allowed = false;
    let delegated = false;
    const values = contextOf(principal, access, { account: this.account, region: this.region, now: this.now() });
    for (const statement of this.forAction(statements, access.action)) {
      if (!statement.resource(access.resource)) continue;
      const match: Match = statement.principal ? statement.principal(principal) : 'named';
      if (match === undefined || !holds(statement, values)) continue;
      if (statement.effect === 'Deny') return { denied: true, allowed: false, delegated: false };
      if (match === 'named') allowed = true;
      else delegated = true;
    }
    return { denied: false, allowed, delegated };
  }

  /** Actions are few and known to the emulators, so each list of statements is searched once for an action. */
  private forAction(statements: readonly Statement[], action: string): readonly Statement[] {
    let known = this.candidates.get(statements);
    if (!known) {
      known = new Map();
      this.candidates.set(statements, known);
    }
    let found = known.get(action);
    if (!found) {
      const name = action.toLowerCase();
      found = statements.filter((statement) => statement.action(name));
      known.set(action, found);
    }
    return found;
  }

  /** A bucket's policy covers its objects, a table's its indexes; a stream has its own. */
  private policyOf(resource: string): readonly Statement[] {
    const whole = this.resourcePolicies.get(resource);
    if (whole) return whole;
    const owner = resource.match(/^(arn:aws:s3:::[^/]+)\/|^(arn:aws:dynamodb:[^/]+\/[^/]+)\/index\//);
    return (owner && this.resourcePolicies.get(owner[1] ?? owner[2] ?? '')) ?? none;
  }

  private from(access: Access, sourceArn: string): Access {
    // A bucket's ARN names no account; every bucket here is of this one.
    const account = accountOf(sourceArn) || this.account;
    return { ...access, context: { ...access.context, 'aws:SourceArn': sourceArn, 'aws:SourceAccount': account } };
  }

  private tell(record: UseRecorder, role: string, access: Access): void {
    const principal: Principal = { kind: 'role', name: role, account: this.account };
    const values = contextOf(principal, access, { account: this.account, region: this.region, now: this.now() });
    for (const statement of this.forAction(this.roles.get(role)?.identity ?? none, access.action))
      if (statement.effect === 'Allow' && statement.resource(access.resource) && holds(statement, values))
        for (const id of usedOf(role, statement, access, values)) record.used(id);
  }
}

const none: readonly Statement[] = [];
const accountOf = (arn: string): string => arn.split(':')[4] ?? '';
const servicePrincipal = (name: string): Principal => ({ kind: 'service', name, account: '' });
