/** A finding of a Control Tower rule that stands, for resources by logical id, and why. */
export interface GuardFinding {
  /** such as CT.S3.PR.1 */
  readonly control: string;
  readonly resources: RegExp;
  readonly reason: string;
}

const locked = /^(Bucket|DocumentsBucket|TrailBucket|Replica|TrailReplica)[0-9A-F]{8}$/;
const results = /^Results[0-9A-F]{8}$/;
const stage = /^ApiRestDeploymentStage/;

export const guardFindings: readonly GuardFinding[] = [
  {
    control: 'CT.APIGATEWAY.PR.1',
    resources: stage,
    reason:
      'Execution logs hold raw paths, which hold patient ids. Every request is in the access log instead, by route and the address that it came from',
  },
  {
    control: 'CT.APIGATEWAY.PR.2',
    resources: stage,
    reason: 'A trace of the stage records the full URL, which holds patient ids; functions are traced instead',
  },
  {
    control: 'CT.APIGATEWAY.PR.6',
    resources: /^ApiTransmissionDomain/,
    reason:
      'The domain has a policy of the 2025 generation, which takes TLS 1.2 and 1.3 with forward secrecy alone; the rule knows the name of an older one',
  },
  {
    control: 'CT.CLOUDTRAIL.PR.3',
    resources: /^Trail/,
    reason:
      'The trail has keys of items and is PHI: a copy in CloudWatch Logs would be a second store of it. What must alarm at once comes by EventBridge',
  },
  {
    control: 'CT.CLOUDWATCH.PR.3',
    resources: /Logs|UserActivity|NetworkFlows|NetworkNamesQueries/,
    reason:
      'Each is encrypted under the key for logs. The rule does not follow the reference into the stack that has the key; Ward’s own check does',
  },
  {
    control: 'CT.GUARDDUTY.PR.1',
    resources: /^Detector$/,
    reason:
      'S3 protection is on as a feature of the detector, which is how AWS names it now; the rule looks for the data source of before',
  },
  {
    control: 'CT.IAM.PR.2',
    resources: /Boundary/,
    reason:
      'A permissions boundary grants nothing by itself: a role may do what both this and its own policy allow, and its own names each action and resource',
  },
  {
    control: 'CT.IAM.PR.3',
    resources: /Boundary/,
    reason:
      'A permissions boundary grants nothing by itself: a role may do what both this and its own policy allow, and its own names each action and resource',
  },
  {
    control: 'CT.LAMBDA.PR.3',
    resources: /./,
    reason:
      'Every function is in the isolated network of its stage, but the rule does not follow the references into the stack that has it. A development stage may do without, which cdk-nag has acknowledged by name',
  },
  {
    control: 'CT.S3.PR.2',
    resources: locked,
    reason:
      'A bucket with Object Lock is no target of server access logs, and what names objects of patients is PHI: data events in a trail say more, and are locked themselves',
  },
  {
    control: 'CT.S3.PR.2',
    resources: results,
    reason: 'Answers of audit queries leave after a week; who asked is in the audit log and in the trail of Athena',
  },
  {
    control: 'CT.S3.PR.3',
    resources: locked,
    reason: 'Evidence and documents do not expire: they are kept under their lock, and deleting them is a decision',
  },
  {
    control: 'CT.S3.PR.4',
    resources: /./,
    reason: 'Nothing waits for what is put there; an event that nobody reads would be a list of names elsewhere',
  },
  {
    control: 'CT.S3.PR.6',
    resources: locked,
    reason: 'Evidence and documents do not expire: they are kept under their lock, and deleting them is a decision',
  },
  {
    control: 'CT.S3.PR.9',
    resources: results,
    reason:
      'Answers of audit queries are copies that anyone can ask for again; a lock would keep PHI longer than it is needed',
  },
  {
    control: 'CT.SQS.PR.1',
    resources: /Failures/,
    reason: 'It is the dead-letter queue itself, and what comes into it raises an alarm',
  },
];
