import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { DisposalEnvironment } from '../lambda/environment';
import type { Config } from './config';

/** Tells the function that disposes of records how long this stage keeps them. 45 CFR 164.310(d)(2)(i). */
export function retain(handler: LambdaFunction, { retention }: Config): void {
  handler.addEnvironment('RETENTION_YEARS' satisfies keyof DisposalEnvironment, String(retention.years));
  handler.addEnvironment('AGE_OF_MAJORITY' satisfies keyof DisposalEnvironment, String(retention.ageOfMajority));
}
