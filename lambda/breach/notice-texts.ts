import * as z from 'zod';
import type { Permit } from '../access/guard';
import type { Outbox } from '../audit/outbox';
import { Released } from '../audit/release';
import { type Filing, filingInput } from './hhs';
import { type IncidentDesk, narrativeResource } from './incident-desk';
import type { Incident } from './incident-model';
import type { NarrativeItem } from './incident-store';
import { type NoticeContent, noticeContent } from './notice-content';

export const noticeWords = z.strictObject({ content: noticeContent.optional(), filing: filingInput.optional() });
/** What the notices of an incident say. */
export interface NoticeWords {
  readonly content: NoticeContent | undefined;
  readonly filing: Filing | undefined;
}

/** The words of notices: given once, sealed with the incident, and read again with every later call. */
export class NoticeTexts {
  constructor(
    private readonly desk: IncidentDesk,
    private readonly outbox: Outbox,
  ) {}

  /** @returns what was given, sealed, to be kept with the incident's next version */
  async sealed(permit: Permit, given: Partial<NoticeWords>): Promise<NarrativeItem[]> {
    const { content, filing } = given;
    return Promise.all([
      ...(content ? [this.desk.seal(permit, 'notice-content', JSON.stringify(content))] : []),
      ...(filing ? [this.desk.seal(permit, 'filing', JSON.stringify(filing))] : []),
    ]);
  }

  /** @returns what was given with this call, or with an earlier one */
  async read(permit: Permit, incident: Incident, given: Partial<NoticeWords> = {}): Promise<NoticeWords> {
    const earlier = await this.desk.store.narratives(incident.id);
    return {
      content: given.content ?? noticeContent.optional().parse(await this.#before(permit, earlier, 'notice-content')),
      filing: given.filing ?? filingInput.optional().parse(await this.#before(permit, earlier, 'filing')),
    };
  }

  async #before(
    permit: Permit,
    earlier: readonly NarrativeItem[],
    kind: 'notice-content' | 'filing',
  ): Promise<unknown> {
    const item = earlier.findLast((each) => each.kind === kind);
    if (!item) return undefined;
    const sealed = await this.desk.open(item);
    const receipt = await this.outbox.record(permit.event({ status: 200, resources: [narrativeResource(item)] }));
    return JSON.parse(Released.release(sealed, receipt, permit.access.request.id).toJSON());
  }
}
