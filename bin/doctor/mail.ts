import { DescribeUserPoolCommand } from '@aws-sdk/client-cognito-identity-provider';
import { GetAccountCommand, GetEmailIdentityCommand } from '@aws-sdk/client-sesv2';
import { type Finding, green, red, unseen } from './finding';
import { ofDeployed, output, type Place } from './place';

export interface MailFacts {
  /** what the user pool sends as; absent where the stage has no `mailFrom` */
  readonly sender?: { readonly verified: boolean; readonly signed: boolean };
  /** out of the sandbox, in which SES mails verified addresses alone */
  readonly productionAccess: boolean;
  readonly sendingEnabled: boolean;
}

/** 45 CFR 164.308(a)(6)(ii), 164.404: alerts, reminders and notices reach somebody. */
export const mail = ofDeployed(['sender of mails'], {
  name: 'Mail',
  rule: '45 CFR 164.308(a)(6)(ii), 164.404(d)',
  look: async (place) => {
    const { deployed, kind } = place;
    const { UserPool } = await place.people.send(
      new DescribeUserPoolCommand({ UserPoolId: output(place, 'UserPoolId') }),
    );
    const EmailIdentity = /:identity\/(.+)$/.exec(UserPool?.EmailConfiguration?.SourceArn ?? '')?.[1];
    const account = await deployed.mail.send(new GetAccountCommand({}));
    const identity = EmailIdentity && (await deployed.mail.send(new GetEmailIdentityCommand({ EmailIdentity })));
    return judgeMail(
      {
        ...(identity && {
          sender: {
            verified: identity.VerifiedForSendingStatus === true,
            signed: identity.DkimAttributes?.Status === 'SUCCESS',
          },
        }),
        productionAccess: account.ProductionAccessEnabled === true,
        sendingEnabled: account.SendingEnabled === true,
      },
      kind,
    );
  },
});

export function judgeMail(facts: MailFacts, kind: Place['kind']): readonly Finding[] {
  const { sender, productionAccess, sendingEnabled } = facts;
  if (!sender)
    return kind === 'production'
      ? [red('sender', 'there is none', 'set mailFrom in cdk.json and deploy the stage again')]
      : [unseen('sender', 'this stage has no mailFrom: it sends no alerts, reminders or notices')];
  return [
    sender.verified
      ? green('sender', 'verified')
      : red('sender', 'is not verified', 'finish the verification of the identity in SES'),
    sender.signed
      ? green('signature of mails', 'DKIM is set up')
      : red('signature of mails', 'DKIM is not set up', 'put the DKIM records of the identity into the DNS'),
    productionAccess && sendingEnabled
      ? green('account', 'may send to anybody')
      : red('account', 'is in the sandbox, or may not send', 'ask AWS for production access of SES'),
  ];
}
