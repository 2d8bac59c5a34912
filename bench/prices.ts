/** List prices in dollars, us-east-1, on demand, without free tiers or tax. As known in November 2026: look them up before deciding by them. */
export const prices = {
  date: '2026-11',
  readUnit: { dollars: 0.125e-6, source: 'aws.amazon.com/dynamodb/pricing/on-demand' },
  writeUnit: { dollars: 0.625e-6, source: 'aws.amazon.com/dynamodb/pricing/on-demand' },
  keyCall: { dollars: 0.03 / 10_000, source: 'aws.amazon.com/kms/pricing' },
  key: { dollars: 1, source: 'aws.amazon.com/kms/pricing' },
  request: { dollars: 3.5e-6, source: 'aws.amazon.com/api-gateway/pricing (REST, first 333 million)' },
  invocation: { dollars: 0.2e-6, source: 'aws.amazon.com/lambda/pricing' },
  gigabyteSecond: { dollars: 0.0000133334, source: 'aws.amazon.com/lambda/pricing (arm64)' },
  alarm: { dollars: 0.1, source: 'aws.amazon.com/cloudwatch/pricing' },
  dashboard: { dollars: 3, source: 'aws.amazon.com/cloudwatch/pricing' },
  logGigabyte: { dollars: 0.5, source: 'aws.amazon.com/cloudwatch/pricing' },
  endpointHour: { dollars: 0.01, source: 'aws.amazon.com/privatelink/pricing (each Availability Zone)' },
  dataEvent: { dollars: 1e-6, source: 'aws.amazon.com/cloudtrail/pricing (data events, to a bucket)' },
  trace: { dollars: 5e-6, source: 'aws.amazon.com/xray/pricing (traces recorded)' },
  activeUser: { dollars: 0.02, source: 'aws.amazon.com/cognito/pricing (Plus, a user active in the month)' },
  backupGigabyte: { dollars: 0.1, source: 'aws.amazon.com/backup/pricing (DynamoDB, warm, a month)' },
  recoveryGigabyte: {
    dollars: 0.2,
    source: 'aws.amazon.com/dynamodb/pricing/on-demand (point-in-time recovery, a month)',
  },
  webAcl: { dollars: 5, source: 'aws.amazon.com/waf/pricing' },
  webAclRule: { dollars: 1, source: 'aws.amazon.com/waf/pricing' },
  webAclRequest: { dollars: 0.6e-6, source: 'aws.amazon.com/waf/pricing' },
} as const;

export const dollars = (value: number): string =>
  `$${value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
