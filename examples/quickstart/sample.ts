import { createWriteStream } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import PDFDocument from 'pdfkit'

export const sampleQuestions = [
  'How do I publish a scoped package so that everyone can install it?',
  'How can I mock HTTP requests in my tests?',
  'How are lists merged when a key ends in a plus sign or an equals sign?',
]

/** The guide that is handed out as a PDF here, so that one question is answered with a page. */
const guide = 'InputFormatReference.md'

/** What is read of the installed dependencies, and what is left out because another file says the same. */
export const sampleFilters = {
  include: ['**/*.md', '**/*.html', '**/*.pdf'],
  exclude: [`**/${guide}`, '**/npm/docs/content/**', '**/CHANGELOG.md', '**/LICENSE.md'],
}

/** Lays a Markdown guide out of the dependencies as a PDF in `folder` and returns that folder. */
export async function writeSamplePdf(packages: string, folder: string): Promise<string> {
  const source = await findFile(packages, guide)
  const target = join(folder, 'input-format-reference.pdf')
  await mkdir(folder, { recursive: true })
  const pdf = new PDFDocument({
    size: 'A4',
    margin: 64,
    info: { Title: 'Input format reference', CreationDate: new Date(0) },
  })
  const written = pipeline(pdf, createWriteStream(target))
  for (const line of (await readFile(source, 'utf8')).split(/\r?\n/)) {
    const heading = /^(#+)\s+(.*)/.exec(line)
    if (heading) {
      pdf
        .moveDown(0.6)
        .font('Helvetica-Bold')
        .fontSize(18 - 2 * heading[1]!.length)
        .text(heading[2]!)
    } else if (line.trim() === '') pdf.moveDown(0.5)
    else pdf.font('Helvetica').fontSize(10).text(line.replaceAll(/[`*_]/g, ''))
  }
  pdf.end()
  await written
  return folder
}

async function findFile(folder: string, name: string): Promise<string> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && entry.name === name) return join(entry.parentPath, entry.name)
  }
  throw new Error(`${name} is not among the installed dependencies in ${folder}. Install them again.`)
}
