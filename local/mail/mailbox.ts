import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { clearStore, getStoreReadonly, saveEmail } from 'aws-ses-v2-local/dist/store';
import { z } from 'zod';
import { writeDurably } from '../durable';

const mailSchema = z.object({
  messageId: z.string(),
  from: z.string(),
  replyTo: z.array(z.string()),
  destination: z.object({ to: z.array(z.string()), cc: z.array(z.string()), bcc: z.array(z.string()) }),
  subject: z.string(),
  body: z.object({ html: z.string().optional(), text: z.string().optional() }),
  attachments: z.array(
    z.object({
      /** base64 */
      content: z.string(),
      contentType: z.string(),
      filename: z.string().optional(),
      size: z.number(),
    }),
  ),
  headers: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
  /** epoch seconds */
  at: z.number(),
});

export type Mail = Readonly<z.infer<typeof mailSchema>>;

/**
 * The mails of aws-ses-v2-local, which keeps them in memory and only there: each is written to a file of its own before it
 * is acknowledged, and read back at the start. That store is one for the whole process, and so is this mailbox.
 */
export class Mailbox {
  #count = 0;

  constructor(private readonly directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    clearStore();
    for (const file of readdirSync(directory).sort()) {
      if (!/^\d{8}\.json$/.test(file)) continue;
      saveEmail(mailSchema.parse(JSON.parse(readFileSync(join(directory, file), 'utf8'))));
      this.#count = Number(file.slice(0, 8)) + 1;
    }
  }

  /** oldest first */
  messages(): readonly Mail[] {
    return getStoreReadonly().emails.map((mail) => mailSchema.parse(mail));
  }

  has(messageId: string): boolean {
    return getStoreReadonly().emails.some((mail) => mail.messageId === messageId);
  }

  /** @throws Error when the store has no such mail */
  persist(messageId: string): void {
    const mail = getStoreReadonly().emails.findLast((each) => each.messageId === messageId);
    const file = `${String(this.#count).padStart(8, '0')}.json`;
    writeDurably(join(this.directory, file), JSON.stringify(mailSchema.parse(mail)));
    this.#count += 1;
  }
}
