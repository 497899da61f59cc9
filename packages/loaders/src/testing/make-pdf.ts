/** A line of text to set: place of its baseline in points from the bottom left, and its font size. */
export interface PdfLine {
  readonly text: string
  readonly x: number
  readonly y: number
  readonly size: number
}

/** Writes a small PDF of Helvetica lines, one list a page, with an optional title and page labels `i, ii, …`. */
export function makePdf(
  pages: readonly (readonly PdfLine[])[],
  options: { readonly title?: string; readonly romanLabels?: boolean } = {},
): Uint8Array {
  const objects: string[] = []
  const kids = pages.map((_, page) => `${5 + 2 * page} 0 R`).join(' ')
  const labels = options.romanLabels ? '/PageLabels << /Nums [0 << /S /r >>] >>' : ''
  objects.push(`<< /Type /Catalog /Pages 2 0 R ${labels} >>`)
  objects.push(`<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`)
  objects.push('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>')
  objects.push(`<< /Title (${options.title ?? ''}) /CreationDate (D:20240131120000+01'00') >>`)
  pages.forEach((lines, page) => {
    const content = lines
      .map(({ text, x, y, size }) => {
        const escaped = text.replace(/[\\()]/g, '\\$&')
        return `BT /F1 ${size} Tf ${x} ${y} Td (${escaped}) Tj ET`
      })
      .join('\n')
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${6 + 2 * page} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`,
      `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    )
  })
  let file = '%PDF-1.4\n'
  const offsets = objects.map((object, index) => {
    const offset = file.length
    file += `${index + 1} 0 obj\n${object}\nendobj\n`
    return offset
  })
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  const size = objects.length + 1
  file += `xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<< /Size ${size} /Root 1 0 R /Info 4 0 R >>\nstartxref\n${file.length}\n%%EOF\n`
  return Uint8Array.from(file, (character) => character.charCodeAt(0))
}
