import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { unsupported } from './pool-settings';
import type { AuthEvent } from './user-record';

const configuration = z.strictObject({
  UserPoolId: z.string(),
  LogConfigurations: z
    .array(
      z.strictObject({
        EventSource: z.literal('userAuthEvents'),
        LogLevel: z.literal('INFO'),
        CloudWatchLogsConfiguration: z.strictObject({ LogGroupArn: z.string() }),
      }),
    )
    .max(1),
});

/**
 * Reads an AWS::Cognito::LogDeliveryConfiguration: user activity to one log group, which only the PLUS tier delivers.
 * @returns the group's ARN, or undefined when nothing is delivered
 * @throws Error by property
 */
export function readLogDelivery(declared: Readonly<Record<string, unknown>>): string | undefined {
  const parsed = configuration.safeParse(declared);
  if (!parsed.success) throw new Error(unsupported('AWS::Cognito::LogDeliveryConfiguration', parsed.error));
  return parsed.data.LogConfigurations[0]?.CloudWatchLogsConfiguration.LogGroupArn;
}

/** Whose activity it was: nobody's, for a name that belongs to no user. */
export interface Who {
  readonly sub: string | undefined;
  readonly userName: string;
}

/** @returns one line as user pools export it (Amazon Cognito, "Exporting logs from user pools"); no risk is ever found here */
export function activityLine(poolId: string, who: Who, event: AuthEvent): string {
  return JSON.stringify({
    eventTimestamp: String(Math.round(event.CreationDate * 1000)),
    eventSource: 'USER_ACTIVITY',
    logLevel: 'INFO',
    message: {
      version: '1',
      eventId: event.EventId,
      eventType: event.EventType,
      userSub: who.sub ?? '',
      userName: who.userName,
      userPoolId: poolId,
      clientId: '',
      creationDate: new Date(event.CreationDate * 1000).toUTCString(),
      eventResponse: event.EventResponse,
      riskLevel: '',
      riskDecision: 'PASS',
      challenges: event.ChallengeResponses.map((each) => `${each.ChallengeName}:${each.ChallengeResponse}`),
      deviceName: 'Other, Other',
      ipAddress: '127.0.0.1',
      requestId: randomUUID(),
      idpName: '',
      compromisedCredentialDetected: 'false',
      city: '',
      country: '',
      eventFeedbackValue: '',
      eventFeedbackDate: '',
      eventFeedbackProvider: '',
      hasContextData: 'false',
    },
    logSourceId: { userPoolId: poolId },
  });
}
