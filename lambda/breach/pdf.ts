import PDFDocument from 'pdfkit';
import bold from 'roboto-fontface/fonts/roboto/Roboto-Bold.woff';
import regular from 'roboto-fontface/fonts/roboto/Roboto-Regular.woff';
import { unpackFont } from './woff';

/** What a page is made of, from top to bottom. */
export type Block =
  | { readonly kind: 'title' | 'heading' | 'paragraph'; readonly text: string }
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  | { readonly kind: 'fields'; readonly fields: readonly (readonly [name: string, value: string])[] };

export interface PdfOptions {
  readonly title: string;
  /** of the document's creation: the same blocks at the same moment are the same bytes */
  readonly at: Date;
  /** in small type at the foot of each page */
  readonly footer?: string;
}

const margin = 72; // one inch, in points
let fonts: { readonly regular: Buffer; readonly bold: Buffer } | undefined;
const sizes = { title: 14, heading: 12, paragraph: 11, small: 9 } as const;

/**
 * Makes a PDF of US Letter pages. Its fonts are embedded: a PDF's standard fonts garble names outside Latin-1.
 * @param documents each begins on a page of its own
 */
export function renderPdf(documents: readonly (readonly Block[])[], { title, at, footer }: PdfOptions): Buffer {
  const pdf = new PDFDocument({
    size: 'LETTER',
    margin,
    font: '', // or it would look for Helvetica beside the bundle
    autoFirstPage: false,
    info: { Title: title, CreationDate: at, Producer: 'Ward', Creator: 'Ward' },
    lang: 'en-US',
    displayTitle: true,
  });
  fonts ??= { regular: unpackFont(regular), bold: unpackFont(bold) };
  pdf.registerFont('regular', fonts.regular).registerFont('bold', fonts.bold);
  if (footer !== undefined)
    pdf.on('pageAdded', () => {
      const { x, y } = pdf;
      const bottom = pdf.page.margins.bottom;
      pdf.page.margins.bottom = 0; // text below the margin would begin another page
      pdf.font('regular').fontSize(sizes.small);
      pdf.text(footer, margin, pdf.page.height - margin / 2, { lineBreak: false, width: pdf.page.width - 2 * margin });
      pdf.page.margins.bottom = bottom;
      pdf.x = x;
      pdf.y = y;
      pdf.fontSize(sizes.paragraph);
    });
  for (const blocks of documents) {
    pdf.addPage().font('regular').fontSize(sizes.paragraph);
    for (const block of blocks) draw(pdf, block);
  }
  pdf.end();
  const chunks: Uint8Array[] = [];
  for (let chunk: unknown = pdf.read(); chunk !== null; chunk = pdf.read())
    if (chunk instanceof Uint8Array) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function draw(pdf: PDFKit.PDFDocument, block: Block): void {
  switch (block.kind) {
    case 'title':
      pdf.moveDown(0.5).font('bold').fontSize(sizes.title).text(block.text).moveDown(0.5);
      return;
    case 'heading':
      pdf.moveDown(0.3).font('bold').fontSize(sizes.heading).text(block.text).moveDown(0.2);
      return;
    case 'paragraph':
      pdf.font('regular').fontSize(sizes.paragraph).text(block.text).moveDown(0.5);
      return;
    case 'lines':
      pdf.font('regular').fontSize(sizes.paragraph);
      for (const line of block.lines) pdf.text(line);
      pdf.moveDown(1);
      return;
    case 'fields':
      for (const [name, value] of block.fields) {
        pdf.font('bold').fontSize(sizes.small).text(name);
        pdf
          .font('regular')
          .fontSize(sizes.paragraph)
          .text(value === '' ? '-' : value)
          .moveDown(0.3);
      }
  }
}
