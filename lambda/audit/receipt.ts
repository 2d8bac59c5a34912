import type { EventDraft } from './event';

/**
 * Proof that events are durable: which request, which patients, which resources they name.
 * Only the outbox issues one and only release.ts reads one; .dependency-cruiser.cjs holds that.
 */
export class Receipt {
  readonly #named: ReadonlySet<string>;

  private constructor(named: ReadonlySet<string>) {
    this.#named = named;
  }

  /** @param drafts events that are durable and tell of a permitted access */
  static of(drafts: readonly EventDraft[]): Receipt {
    const permitted = drafts.filter(({ outcome }) => outcome === 'permit');
    return new Receipt(
      new Set(
        permitted.flatMap(({ patient, resources, request }) =>
          resources.map(({ type, id, version }) => name(request?.id ?? '', patient ?? '', type, id, version ?? 0)),
        ),
      ),
    );
  }

  static merge(receipts: readonly Receipt[]): Receipt {
    return new Receipt(new Set(receipts.flatMap((receipt) => [...receipt.#named])));
  }

  covers(request: string, resource: { patient: string; type: string; id: string; version: number }): boolean {
    return this.#named.has(name(request, resource.patient, resource.type, resource.id, resource.version));
  }
}

const name = (...parts: readonly (string | number)[]): string => JSON.stringify(parts);
