import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { changeActor, countHolders } from '../access/actors';
import { readActor } from '../access/actors-store';
import { suspended } from '../access/people';
import type { EventResource } from '../audit/event';
import type { Outbox } from '../audit/outbox';
import { ownEvent } from '../audit/own-event';
import { Writes } from '../records/transaction';
import { type Alert, alertId, detection, grown, raised } from './alert';
import { accountDelivery } from './alert-delivery';
import type { AlertStore } from './alert-store';
import type { Finding } from './detect/model';
import type { DetectionSettings } from './detect/settings';

const attempts = 5;

export interface DetectionDeskOptions {
  readonly documents: DynamoDBDocumentClient;
  readonly table: string;
  readonly outbox: Outbox;
  readonly alerts: AlertStore;
  readonly settings: Pick<DetectionSettings, 'contain' | 'reviewDays'>;
  readonly clock: () => Date;
}

/** Makes alerts of findings, and contains where the settings say so. Doing it again changes nothing. */
export class DetectionDesk {
  constructor(private readonly options: DetectionDeskOptions) {}

  async take(findings: readonly Finding[]): Promise<void> {
    for (const finding of findings) {
      const alert = await this.#raise(finding);
      const containing: readonly string[] = this.options.settings.contain;
      if (finding.mayContain && finding.actor !== null && containing.includes(finding.rule))
        await this.#contain(alert, finding.actor);
    }
  }

  /** @returns the alert as it is stored now */
  async #raise(finding: Finding): Promise<Alert> {
    const { alerts, settings, clock, outbox } = this.options;
    return this.#again(async () => {
      const before = await alerts.read(alertId(finding));
      if (before) {
        const after = grown(before, finding, settings.reviewDays, clock());
        if (!after) return before;
        const action = before.state === after.state ? 'alert.grow' : 'alert.reopen';
        await outbox.recordWith([event(action, after.rule, [told(after)])], alerts.replace(before, after));
        return after;
      }
      const alert = raised(finding, settings.reviewDays, clock());
      await outbox.recordWith([event('alert.raise', alert.rule, [told(alert)])], alerts.create(alert));
      return alert;
    });
  }

  /**
   * 45 CFR 164.308(a)(6)(ii). Once an alert: who is reinstated after a review is not suspended for the same matter again. The
   * last administrator and the last compliance officer stay, so that nobody can switch the organization's oversight off by
   * behaving badly in another's name; the condition of countHolders holds for two at once, too.
   */
  async #contain(seen: Alert, actor: string): Promise<void> {
    const { documents, table, alerts, outbox, clock } = this.options;
    await this.#again(async () => {
      const [alert, before] = await Promise.all([alerts.read(seen.id), readActor(documents, table, actor)]);
      if (!alert || alert.measures.length > 0 || alert.notContained || alert.state !== 'open') return;
      if (before?.status !== 'active') return;
      const now = clock();
      const after = suspended(before, { by: detection, reason: 'investigation', expiresAt: undefined, now });
      const measure = { kind: 'suspend-user', target: actor, by: detection, at: now.toISOString() } as const;
      const contained: Alert = { ...alert, measures: [measure], version: alert.version + 1 };
      const writes = new Writes<'alert' | 'user' | 'last' | 'account'>()
        .add('alert', ...alerts.replace(alert, contained))
        .add('user', changeActor(table, before, after))
        .add('last', ...countHolders(table, before, after))
        .add('account', accountDelivery(table, alert, after.account ?? after.sub));
      const resources = [told(contained), { id: actor, type: 'user', version: after.version }];
      try {
        await outbox.recordWith([event('alert.contain', alert.rule, resources)], writes.items);
      } catch (error) {
        if (!(error instanceof TransactionCanceledException) || !writes.refused(error).has('last')) throw error;
        const spared: Alert = { ...alert, notContained: 'last-of-role', version: alert.version + 1 };
        const refused = event('alert.contain', 'last-of-role', [told(spared)], 'error');
        await outbox.recordWith([refused], alerts.replace(alert, spared));
      }
    });
  }

  /** Reads and decides anew when somebody else wrote meanwhile. @throws TransactionCanceledException after some attempts */
  async #again<Made>(act: () => Promise<Made>): Promise<Made> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await act();
      } catch (error) {
        if (!(error instanceof TransactionCanceledException) || attempt === attempts) throw error;
      }
    }
  }
}

const told = ({ id, version }: Alert): EventResource => ({ id, type: 'alert', version });

const event = (action: string, reason: string, resources: EventResource[], outcome: 'permit' | 'error' = 'permit') =>
  ownEvent(action, { purpose: 'BREACH', outcome, reason, resources });
