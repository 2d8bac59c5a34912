import { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  CustomDataIdentifier,
  DataIdentifier,
  DataProtectionPolicy,
  LogGroup,
  RetentionDays,
} from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** Identifiers of 45 CFR 164.514(b)(2) that CloudWatch Logs knows by itself, and secrets. */
const managed = [
  DataIdentifier.NAME, // (A)
  DataIdentifier.ADDRESS, // (B)
  DataIdentifier.ZIPCODE_US,
  DataIdentifier.PHONENUMBER_US, // (D), (E)
  DataIdentifier.EMAILADDRESS, // (F)
  DataIdentifier.SSN_US, // (G)
  DataIdentifier.INDIVIDUALTAXIDENTIFICATIONNUMBER_US,
  DataIdentifier.HEALTHINSURANCECLAIMNUMBER_US, // (I)
  DataIdentifier.MEDICAREBENEFICIARYNUMBER_US,
  DataIdentifier.BANKACCOUNTNUMBER_US, // (J)
  DataIdentifier.CREDITCARDNUMBER,
  DataIdentifier.DRIVERSLICENSE_US, // (K)
  DataIdentifier.PASSPORTNUMBER_US,
  DataIdentifier.DRUGENFORCEMENTAGENCYNUMBER_US,
  DataIdentifier.VEHICLEIDENTIFICATIONNUMBER, // (L)
  DataIdentifier.IPADDRESS, // (O)
  DataIdentifier.LATLONG,
  DataIdentifier.AWSSECRETKEY,
];

/** Ward's own. An expression may have letters, digits and a few signs, no parentheses, and 200 characters. */
const own = [
  new CustomDataIdentifier('MedicalRecordNumber', 'MRN[ =#-]*[A-Za-z0-9-]{3,}'), // (H)
  new CustomDataIdentifier('BirthDate', '[12][0-9]{3}-[01][0-9]-[0-3][0-9][^T0-9]'), // (C), and no timestamp
  new CustomDataIdentifier('PatientPartition', 'P#[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'), // (R)
  new CustomDataIdentifier('BearerToken', 'eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}'),
];

/**
 * Third defence of the logs of functions, after declared fields and the redactor of lambda/logging: whatever identifies a
 * person is masked for whoever reads, and found in a group of its own, which says where and never what. 45 CFR 164.514(b)(2).
 */
export class LogProtection extends Construct {
  readonly policy: DataProtectionPolicy;

  constructor(scope: Construct, id: string, { logsKey }: { readonly logsKey: IKey }) {
    super(scope, id);
    const findings = new LogGroup(this, 'Findings', {
      encryptionKey: logsKey,
      retention: RetentionDays.SIX_YEARS,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.policy = new DataProtectionPolicy({
      name: 'ward-identifiers',
      description: 'What identifies a person is masked and found; 45 CFR 164.514(b)(2)',
      identifiers: [...managed, ...own],
      logGroupAuditDestination: findings,
    });
  }
}
