import type { Permit } from '../access/guard';
import type { EventDraft } from '../audit/event';
import type { Outbox } from '../audit/outbox';
import { Released } from '../audit/release';
import type { RecordValue } from '../encryption/records';
import type { Sealed } from '../encryption/sealed';
import type { Vault } from '../encryption/vault';
import { mainEntry, resourceOf } from '../records/model';
import type { RecordStore } from '../records/store';
import { noticeFields } from './recipient';

export type NoticeFields = RecordValue | 'disposed' | 'not-found';
const inParallel = 8;

/**
 * What the compliance officer sees of affected patients: the fields of a notice, of people whom an incident concerns, each
 * recorded with purpose BREACH before it is looked at. 45 CFR 164.404, 164.502(b). No other field is decrypted.
 */
export class NoticeFieldsReader {
  constructor(
    private readonly parts: { readonly store: RecordStore; readonly vault: Vault; readonly outbox: Outbox },
  ) {}

  async read(permit: Permit, patients: readonly string[]): Promise<ReadonlyMap<string, NoticeFields>> {
    const found = new Map<string, NoticeFields>();
    if (!permit.decision.categories.includes('demographics')) return found;
    for (let first = 0; first < patients.length; first += inParallel) {
      const opened = await Promise.all(patients.slice(first, first + inParallel).map((id) => this.#open(permit, id)));
      const receipt = await this.parts.outbox.record(...opened.flatMap(({ event }) => (event ? [event] : [])));
      for (const { patient, value } of opened)
        found.set(
          patient,
          typeof value === 'string' ? value : Released.release(value, receipt, permit.access.request.id).toJSON(),
        );
    }
    return found;
  }

  async #open(permit: Permit, patient: string): Promise<Opened> {
    const { store, vault } = this.parts;
    const [ring, { items }] = await Promise.all([
      vault.ring(patient),
      store.entry(patient, 'demographics', mainEntry).then(({ items: item }) => ({ items: item })),
    ]);
    const event = (resources: EventDraft['resources']) =>
      permit.event({ status: 200, patient, categories: ['demographics'], resources });
    if (ring?.state === 'disposed') return { patient, value: 'disposed' };
    if (!ring || !items) return { patient, value: 'not-found' };
    const value = await vault.open(ring, items, noticeFields);
    return { patient, value, event: event([resourceOf(items)]) };
  }
}

interface Opened {
  readonly patient: string;
  readonly value: Sealed<RecordValue> | 'disposed' | 'not-found';
  readonly event?: EventDraft;
}
