import { assessment, content, filing } from '../../bin/drill/words';
import { demographics, idOf } from './scene';
import type { Person, Response, Ward } from './ward';

/** @returns the UTC day so many days from now */
export const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
export const words = 'The reason that is given in this test.';
export { assessment, content, filing };

export const opening = {
  discovered: day(0),
  discovery_basis: 'audit-review',
  description: 'Records were looked at, and nobody knows why that was.',
  type: 'unauthorized-access-disclosure',
  locations: ['electronic-medical-record'],
};
type Outcome = 'breach' | 'not-a-breach' | 'secured' | 'exception-i' | 'exception-ii' | 'exception-iii';

/** Registers somebody who lives there. @returns the patient's id */
export async function resident(cloud: Ward, state?: string, more: Record<string, unknown> = {}): Promise<string> {
  const address = [{ use: 'home', line: ['1 Elm Street'], city: 'Old Ferry', state, postalCode: '43004' }];
  const body = { demographics: { ...demographics({}), ...(state && { address }), ...more } };
  return idOf(await cloud.as('registrar').post('/v1/patients', body), 201);
}

/** An incident as the compliance officer works on it. */
export class Incident {
  private constructor(
    private readonly cloud: Ward,
    readonly id: string,
  ) {}

  static async opened(cloud: Ward, more: Record<string, unknown> = {}): Promise<Incident> {
    return new Incident(cloud, idOf(await cloud.as('compliance').post('/v1/incidents', { ...opening, ...more }), 201));
  }

  get officer(): Person {
    return this.cloud.as('compliance');
  }
  post = (path: string, body: unknown = {}): Promise<Response> =>
    this.officer.post(`/v1/incidents/${this.id}${path}`, body);
  get = (path = ''): Promise<Response> => this.officer.get(`/v1/incidents/${this.id}${path}`);

  /** @throws Error unless it was answered so */
  async must(status: number, path: string, body: unknown = {}): Promise<Response> {
    const response = await this.post(path, body);
    if (response.status !== status) throw new Error(`${path} answered ${response.status}: ${response.text}`);
    return response;
  }

  async assessed(more: Record<string, unknown> = {}): Promise<void> {
    await this.must(200, '/containment', { measures: [{ kind: 'none-needed' }], reason: words });
    await this.must(200, '/assessment', { ...assessment, ...more });
  }

  add = (...patients: readonly string[]): Promise<Response> =>
    this.must(200, '/people', {
      add: patients.map((patient) => ({ patient, categories: ['diagnoses'], reason: words })),
    });

  async determination(outcome: Outcome): Promise<Response> {
    const request = {
      kind: 'breach-determination',
      subject: this.id,
      reason: 'breach-confirmed',
      details: { outcome },
    };
    const approval = idOf(await this.officer.post('/v1/approvals', request), 201);
    const decided = await this.cloud.as('admin').post(`/v1/approvals/${approval}/approve`, {});
    if (decided.status !== 200) throw new Error(`the approval answered ${decided.status}: ${decided.text}`);
    return this.post('/determination', { outcome, approval, reason: words });
  }

  async determined(outcome: Outcome): Promise<void> {
    const { status, text } = await this.determination(outcome);
    if (status !== 200) throw new Error(`the determination answered ${status}: ${text}`);
  }

  /** A breach of these people, up to its notices. @returns the last answer of making them */
  async notified(...patients: readonly string[]): Promise<Response> {
    await this.assessed();
    await this.add(...patients);
    await this.determined('breach');
    return this.notices();
  }

  async notices(): Promise<Response> {
    let answer = await this.post('/notices', { content, filing });
    while (answer.status === 202) answer = await this.post('/notices');
    return answer;
  }

  prove = (notice: string, state: string, reference = 'REF-1', on = day(0)): Promise<Response> =>
    this.must(200, `/notices/${notice}/state`, { state, on, reference });

  async duties(): Promise<Record<string, Record<string, unknown>>> {
    const duties: { id: string }[] = (await this.get()).body.duties;
    return Object.fromEntries(duties.map((duty) => [duty.id, duty]));
  }

  /** Proves every letter and every duty. */
  async proveAll(): Promise<void> {
    const { letters } = (await this.get('/notices')).body;
    for (const { notice, problem, state } of letters)
      if (state !== 'sent') await this.prove(notice, problem ? 'substituted' : 'sent');
    for (const { id, status } of Object.values(await this.duties()))
      if (status !== 'met' && status !== 'missed') await this.prove(String(id), 'done');
  }

  async closed(): Promise<Response> {
    await this.must(200, '/dossier');
    return this.must(200, '/closure', { reason: words });
  }
}
