/** Who supplies a condition key: the evaluator itself, or the emulator of the service in `Access.context`. */
export interface ConditionKey {
  /** one value a call, or a set, which needs `ForAllValues:` or `ForAnyValue:` */
  readonly values: 'one' | 'many';
}

const one: ConditionKey = { values: 'one' };
const many: ConditionKey = { values: 'many' };

/**
 * Every key that a policy may test on the laptop, in lower case, since IAM ignores the case of key names. A key that nobody
 * supplies would count as absent, and a `StringNotEquals` on it would pass in silence: hence a policy with any other key
 * is refused by name.
 */
const keys: Readonly<Record<string, ConditionKey>> = {
  // The evaluator's own: see context.ts.
  'aws:currenttime': one,
  'aws:epochtime': one,
  'aws:multifactorauthpresent': one, // of people who assume a role, which nobody does here: no call is allowed by it
  'aws:principalaccount': one,
  'aws:principalarn': one,
  'aws:principalisawsservice': one,
  'aws:principalservicename': one,
  'aws:principaltype': one,
  'aws:requestedregion': one,
  'aws:resourceaccount': one,
  'aws:securetransport': one,
  'aws:sourceip': one,
  'aws:viaawsservice': one,
  'kms:calleraccount': one,
  's3:resourceaccount': one,
  // The service and resource for which a service calls: serviceMay, mayInvoke, mayAssume.
  'aws:sourceaccount': one,
  'aws:sourcearn': one,
  // The emulators'.
  'dynamodb:attributes': many,
  'dynamodb:enclosingoperation': one,
  'dynamodb:leadingkeys': many,
  'dynamodb:returnvalues': one,
  'dynamodb:select': one,
  // Of IAM's own calls, which no emulator serves: tests hold the policies of docs/policies against them.
  'iam:passedtoservice': one,
  'iam:permissionsboundary': one,
  'iam:policyarn': one,
  'kms:encryptionalgorithm': one,
  'kms:encryptioncontextkeys': many,
  'kms:grantisforawsresource': one, // of CreateGrant, which no emulator serves: no call is allowed by it
  'kms:keyorigin': one,
  'kms:keyspec': one,
  'kms:keyusage': one,
  'kms:macalgorithm': one,
  'kms:messagetype': one,
  'kms:multiregion': one,
  'kms:multiregionkeytype': one,
  'kms:reencryptonsamekey': one,
  'kms:replicaregion': one, // of ReplicateKey, which no emulator serves: no call is allowed by it
  'kms:rotationperiodindays': one,
  'kms:schedulekeydeletionpendingwindowindays': one,
  'kms:requestalias': one,
  'kms:resourcealiases': many,
  'kms:signingalgorithm': one,
  'kms:viaservice': one,
  'lambda:sourcefunctionarn': one, // of a function's own calls to EC2, which no emulator serves: no call is allowed by it
  's3:if-match': one,
  's3:if-none-match': one,
  's3:object-lock-legal-hold': one,
  's3:object-lock-mode': one,
  's3:object-lock-remaining-retention-days': one,
  's3:object-lock-retain-until-date': one,
  's3:versionid': one,
  's3:x-amz-server-side-encryption': one,
  's3:x-amz-server-side-encryption-aws-kms-key-id': one,
  'ses:feedbackaddress': one,
  'ses:fromaddress': one,
  'ses:fromdisplayname': one,
  'ses:recipients': many,
};

/** Keys that end in a name of the caller's choosing. */
const prefixes: readonly string[] = ['kms:encryptioncontext:'];

/** undefined when nobody supplies the key on the laptop */
export function conditionKey(name: string): ConditionKey | undefined {
  const key = name.toLowerCase();
  if (Object.hasOwn(keys, key)) return keys[key];
  return prefixes.some((prefix) => key.startsWith(prefix) && key.length > prefix.length) ? one : undefined;
}

/** of the emulators' own services, in lower case */
export const serviceKeys: readonly string[] = Object.keys(keys).filter((key) => !key.startsWith('aws:'));
