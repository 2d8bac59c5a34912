import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventDraft } from '../../lambda/audit/event';
import { appendEvent, laneStart } from '../../lambda/audit/lane';
import { rules } from '../../lambda/breach/detect/rules';
import type { DetectionSettings } from '../../lambda/breach/detect/settings';
import type { CloudOptions } from '../../local/cloud';
import { functionOf, hasFunction, type OwnCloud, ownCloud, type Template } from './own-cloud';
import { registered } from './scene';
import type { Person, Ward } from './ward';

/** An alert as it is listed. */
export interface Listed {
  readonly id: string;
  readonly rule: string;
  readonly actor: string | null;
  readonly state: string;
}

/** Nobody waits for an explanation, at whatever hour, and whatever may contain does. */
const atOnce = {
  urgentGraceMinutes: 0,
  opens: 0,
  closes: 24,
  contain: rules.filter(({ mayContain }) => mayContain).map(({ id }) => id),
};

/** A laptop cloud of a test file's own whose detection looks at once, in the hands of the compliance officer. */
export class WatchedCloud {
  private constructor(private readonly own: OwnCloud) {}

  /** @param settings beside those that look at once */
  static async start(
    settings: Partial<DetectionSettings>,
    options: Pick<CloudOptions, 'intercept'> = {},
  ): Promise<WatchedCloud> {
    return new WatchedCloud(await ownCloud((template) => watch(template, { ...atOnce, ...settings }), options));
  }

  get ward(): Ward {
    return this.own.ward;
  }
  get officer(): Person {
    return this.ward.as('compliance');
  }
  settled = (): Promise<void> => this.own.cloud.settled();
  remove = (): Promise<void> => this.own.remove();
  detect = (Records: readonly unknown[]): Promise<unknown> => this.own.invoke('detector', { Records });
  sweep = (): Promise<unknown> => this.own.invoke('alert-sweep', {});

  /** @returns the alerts about somebody, once every event has been looked at */
  async alertsOf(actor: string | null, state = 'all'): Promise<Listed[]> {
    await this.settled();
    const { status, body } = await this.officer.get(`/v1/alerts?state=${state}&limit=100`);
    if (status !== 200) throw new Error(`the list of alerts answered ${status}`);
    return body.alerts.filter((alert: Listed) => alert.actor === actor);
  }

  async mailsAbout(alert: string): Promise<readonly { readonly subject: string; readonly text: string }[]> {
    const { emails } = (await (await fetch(`${this.ward.cloud.urls.mail}/store`)).json()) as {
      emails: { subject: string; body: { text: string } }[];
    };
    return emails.map(({ subject, body: { text } }) => ({ subject, text })).filter(({ text }) => text.includes(alert));
  }

  /** @returns what was published on the topic about an alert */
  publishedAbout = (alert: string): readonly string[] =>
    readFileSync(join(this.ward.directory, 'sns', 'messages.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line.includes(alert));

  /** Registers somebody whose record is watched. @returns the patient's id */
  async vip(more: Record<string, unknown> = {}): Promise<string> {
    const patient = await registered(more, this.ward.as('registrar'));
    const { status } = await this.officer.put(`/v1/patients/${patient}/vip`, { reason: 'public-figure' });
    if (status !== 200) throw new Error(`the mark answered ${status}`);
    return patient;
  }

  /** Hands events to the detector as the stream would. */
  streamed(drafts: readonly EventDraft[]): Promise<unknown> {
    const origin = 'ward/example/local';
    const lane = laneStart(origin, randomUUID());
    const records = drafts.map((draft, index) => {
      const { line, hash } = appendEvent(lane, origin, draft, { id: randomUUID(), at: new Date() });
      const NewImage = { line: { S: line }, hash: { S: hash } };
      return { eventName: 'INSERT', dynamodb: { SequenceNumber: String(index), NewImage } };
    });
    return this.detect(records);
  }
}

function watch(template: Template, settings: object): void {
  for (const name of ['detector', 'alert-sweep'].filter((each) => hasFunction(template, each))) {
    const { Variables } = functionOf(template, name).properties['Environment'] as { Variables: Record<string, string> };
    const before = JSON.parse(Variables['DETECTION_SETTINGS'] ?? '');
    Variables['DETECTION_SETTINGS'] = JSON.stringify({ ...before, ...settings });
  }
}
