import { SESv2Client } from '@aws-sdk/client-sesv2';
import { Vault } from '../encryption/vault';
import { mailFrom, type NoticesEnvironment } from '../environment';
import { documents, kms, patience } from '../http/clients';
import type { Runtime } from '../http/runtime';
import { RecordStore } from '../records/store';
import { documentsStore } from './documents';
import type { IncidentDesk } from './incident-desk';
import { LetterBatches } from './letter-batches';
import { LetterWriter } from './letter-writer';
import { NoticeFieldsReader } from './notice-fields';
import { NoticeMailer } from './notice-mailer';
import { NoticeTexts } from './notice-texts';
import { SheetStore } from './sheet-store';

/** @returns what makes notices, put together for the function that serves them */
export function noticeParts(environment: NoticesEnvironment, runtime: Runtime, desk: IncidentDesk) {
  const { clock, outbox } = runtime;
  const files = documentsStore(environment);
  const from = mailFrom();
  const reader = new NoticeFieldsReader({
    store: new RecordStore(documents, environment.RECORDS_TABLE, clock),
    vault: new Vault({ documents, kms, environment, clock, mayBind: false }),
    outbox,
  });
  const writer = new LetterWriter({ reader, files, mails: from !== undefined });
  const { store, narratives } = desk;
  const mail = new SESv2Client(patience);
  const mailer = from === undefined ? undefined : new NoticeMailer({ store, narratives, outbox, mail, from, clock });
  return {
    files,
    writer,
    letters: new LetterBatches({ runtime, store, writer, mailer }),
    sheets: new SheetStore(runtime, store, files),
    texts: new NoticeTexts(desk, outbox),
  };
}
