import { readFileSync, writeFileSync } from 'node:fs';
import PDFDocument from 'pdfkit';
import * as z from 'zod';
import { unpackFont } from '../lambda/breach/woff';
import type { ApiClient } from './api-client';

const certificate = z.object({
  organization: z.string(),
  patient: z.uuid(),
  method: z.string(),
  standard: z.string(),
  reason: z.string(),
  requested_by: z.uuid(),
  requested_at: z.string(),
  approved_by: z.uuid(),
  approved_at: z.string(),
  disposed_by: z.uuid(),
  disposed_at: z.string(),
  key_versions_destroyed: z.int(),
  backups_expire_at: z.string(),
  complete: z.boolean(),
  approval: z.uuid(),
  audit_event: z.uuid(),
});
export type Certificate = z.infer<typeof certificate>;

/** Fetches the certificate of a disposal and prints it. @param file must not be there yet */
export async function printCertificate(client: ApiClient, patient: string, file: string): Promise<void> {
  const { body } = await client.call('GET', `/v1/patients/${encodeURIComponent(patient)}/disposal`);
  writeFileSync(file, await certificatePdf(certificate.parse(body)), { mode: 0o600, flag: 'wx' });
}

/** @returns a page to sign and keep. It names people by their ids, as the audit log does; `users list` says who they are */
async function certificatePdf(given: Certificate): Promise<Buffer> {
  const pdf = new PDFDocument({
    size: 'LETTER',
    margin: 72,
    font: '', // or it would look for a standard font, which garbles names outside Latin-1
    info: { Title: 'Certificate of disposal', CreationDate: new Date(given.disposed_at), Producer: 'Ward' },
    lang: 'en-US',
  });
  const font = (weight: string) =>
    unpackFont(readFileSync(require.resolve(`roboto-fontface/fonts/roboto/Roboto-${weight}.woff`)));
  pdf.registerFont('regular', font('Regular')).registerFont('bold', font('Bold'));
  const chunks: Buffer[] = [];
  pdf.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve) => pdf.on('end', resolve));
  pdf.font('bold').fontSize(18).text('Certificate of disposal').moveDown(0.5);
  pdf.font('regular').fontSize(11).text(statement(given)).moveDown();
  for (const [name, value] of lines(given)) {
    pdf.font('bold').fontSize(9).text(name);
    pdf.font('regular').fontSize(11).text(value).moveDown(0.3);
  }
  pdf.moveDown(2).text('Signature: ______________________________     Date: ______________');
  pdf.end();
  await ended;
  return Buffer.concat(chunks);
}

const statement = ({ complete, backups_expire_at: until }: Certificate): string =>
  'The electronic protected health information of this patient was disposed of by destroying every version of the key that it ' +
  `was encrypted under (45 CFR 164.310(d)(2)(i)). ${
    complete
      ? 'The last backup of a key has expired: nobody can read it again.'
      : `Until ${day(until)} a backup could still hold a key; from then on nobody can read it again.`
  }`;

const lines = (given: Certificate): readonly (readonly [string, string])[] => [
  ['Organization', given.organization],
  ['Patient', given.patient],
  ['Reason', given.reason],
  ['Method', `${given.method}; ${given.standard}`],
  ['Key versions destroyed', String(given.key_versions_destroyed)],
  ['Requested by', `${given.requested_by}, ${instant(given.requested_at)}`],
  ['Approved by', `${given.approved_by}, ${instant(given.approved_at)}`],
  ['Disposed of by', `${given.disposed_by}, ${instant(given.disposed_at)}`],
  ['Backups of keys expire', instant(given.backups_expire_at)],
  ['Approval', given.approval],
  ['Audit event', given.audit_event],
];

const day = (at: string): string => at.slice(0, 10);
const instant = (at: string): string => `${at.slice(0, 19).replace('T', ' ')} UTC`;
