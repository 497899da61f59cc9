import { buffer } from 'node:stream/consumers'
import PDFDocument from 'pdfkit'

/** A PDF with these paragraphs on its pages; the first one of a page is set as its heading. */
export async function pdfOf(title: string, pages: readonly (readonly string[])[]): Promise<Uint8Array> {
  const pdf = new PDFDocument({
    size: 'A4',
    margin: 64,
    autoFirstPage: false,
    info: { Title: title, CreationDate: new Date(0) },
  })
  for (const [heading = '', ...paragraphs] of pages) {
    pdf.addPage().font('Helvetica-Bold').fontSize(18).text(heading).font('Helvetica').fontSize(11)
    for (const paragraph of paragraphs) pdf.moveDown().text(paragraph)
  }
  pdf.end()
  return buffer(pdf)
}
