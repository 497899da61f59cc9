import { type CallOptions, checkInteger, invalid, type MetadataValue, onAbort } from '@tesserae/core'
import { type Format, type FormatSource, loadFailed, type ParsedSource, reasonOf } from '../format.js'
import { pdfAssembler } from './assemble.js'
import { PdfError, type PdfThread, startPdfThread } from './worker.js'
import type { OpenedPdf } from './worker-source.js'

export interface PdfFormatOptions {
  /** Opens encrypted files. @default none; files that open without one are read anyway */
  readonly password?: string | undefined
  /** Pages after this many are not read; the document's metadata keeps the full `pageCount`. @default all */
  readonly maxPages?: number | undefined
  /** A file that takes longer is a failure and its thread is stopped. @default 60000 */
  readonly timeoutMs?: number | undefined
  /** Memory the thread may use; a file that needs more is a failure. @default 1024 */
  readonly maxHeapMb?: number | undefined
  /** File name endings read as PDF. @default '.pdf' */
  readonly extensions?: readonly string[] | undefined
}

/** How long an idle thread is kept for the next file. */
const IDLE_MS = 3_000

/**
 * PDF through pdfjs-dist in a thread of its own: text in reading order with page, paragraph and heading marks
 * that carry boxes. Columns are told apart by the free strip between them; hyphens at line ends stay. Headings
 * are told by their size, so a document set in one size has none. Scanned pages have no text: a file without any is a failure.
 * @throws RagError from `parse`: `unsupported` when pdfjs-dist is not installed; `load-failed` with reason
 * `password`, `malformed`, `timeout`, `too-large` or `empty`. `invalid-argument` for bad options.
 */
export function pdfFormat(options: PdfFormatOptions = {}): Format {
  const { password } = options
  if (password !== undefined && typeof password !== 'string') invalid('password', 'a string', password)
  const settings: Settings = {
    password,
    maxPages: checkInteger('maxPages', options.maxPages ?? Number.MAX_SAFE_INTEGER),
    timeoutMs: checkInteger('timeoutMs', options.timeoutMs ?? 60_000, 1, 2 ** 31 - 1),
    maxHeapMb: checkInteger('maxHeapMb', options.maxHeapMb ?? 1024, 16),
  }
  const threads = threadKeeper(settings.maxHeapMb)
  return {
    name: 'pdf',
    extensions: options.extensions ?? ['.pdf'],
    mediaTypes: ['application/pdf'],
    async parse(source, call) {
      call?.signal?.throwIfAborted()
      if (source.bytes.length === 0) {
        throw loadFailed(source.uri, 'the file is empty (0 bytes), so there is nothing to index.', {
          reason: 'empty',
        })
      }
      return threads.use((thread) => readPdf(thread, source, settings, call))
    },
  }
}

interface Settings {
  readonly password: string | undefined
  readonly maxPages: number
  readonly timeoutMs: number
  readonly maxHeapMb: number
}

/** One thread for all files of a format, one file at a time; started when needed, ended when idle or broken. */
function threadKeeper(maxHeapMb: number): { use<T>(work: (thread: PdfThread) => Promise<T>): Promise<T> } {
  let thread: PdfThread | undefined
  let idle: NodeJS.Timeout | undefined
  let last: Promise<unknown> = Promise.resolve()
  return {
    use(work) {
      const run = async () => {
        clearTimeout(idle)
        if (thread === undefined || thread.stopped) thread = startPdfThread(maxHeapMb)
        const current = thread
        try {
          return await work(current)
        } finally {
          idle = setTimeout(() => current.stop(new Error('idle')), IDLE_MS)
          idle.unref()
        }
      }
      const result = last.then(run, run)
      last = result.catch(() => undefined)
      return result
    },
  }
}

class Timeout extends Error {}

async function readPdf(
  thread: PdfThread,
  source: FormatSource,
  settings: Settings,
  call: CallOptions | undefined,
): Promise<ParsedSource> {
  const signal = call?.signal
  signal?.throwIfAborted()
  const stop = (): void => thread.stop(signal?.reason)
  const unlisten = onAbort(signal, stop)
  const timer = setTimeout(() => thread.stop(new Timeout()), settings.timeoutMs)
  try {
    const opened = await thread.open(source.bytes, settings.password)
    const assembler = pdfAssembler()
    const pages = Math.min(opened.pages, settings.maxPages)
    let broken: unknown
    for (let number = 1; number <= pages; number++) {
      try {
        assembler.add(await thread.page(number), opened.labels?.[number - 1] ?? String(number))
      } catch (error) {
        // A page that cannot be read does not take the others with it; a thread that ended does.
        if (!(error instanceof PdfError)) throw error
        broken ??= error
      }
    }
    await thread.close()
    const parsed = assembler.finish()
    if (!/\S/.test(parsed.text)) throw broken ?? noText(source.uri, opened.pages)
    return { ...parsed, metadata: pdfMetadata(opened) }
  } catch (error) {
    signal?.throwIfAborted()
    if (!thread.stopped) await thread.close().catch(() => undefined)
    throw explained(error, source.uri, settings)
  } finally {
    clearTimeout(timer)
    unlisten()
  }
}

function noText(uri: string, pages: number): Error {
  const message = `none of its ${pages} page${pages === 1 ? '' : 's'} has text; it is probably scanned and needs OCR.`
  return loadFailed(uri, message, { reason: 'empty' })
}

function explained(error: unknown, uri: string, settings: Settings): unknown {
  if (error instanceof Timeout) {
    const message = `reading took longer than ${settings.timeoutMs} ms and was stopped. Raise \`timeoutMs\` if the file is worth it.`
    return loadFailed(uri, message, { reason: 'timeout' })
  }
  if (isOutOfMemory(error)) {
    const message = `reading needs more than ${settings.maxHeapMb} MB and was stopped. Raise \`maxHeapMb\` if the file is worth it.`
    return loadFailed(uri, message, { reason: 'too-large', cause: error })
  }
  if (!(error instanceof PdfError)) return error
  const { name, message, code } = error.problem
  if (name === 'PasswordException') {
    const given = code === 2 ? 'the password given does not open it' : 'it is protected by a password'
    return loadFailed(uri, `${given}. Set \`password\` of pdfFormat.`, { reason: 'password', cause: error })
  }
  return loadFailed(uri, `the PDF is damaged: ${message} (${reasonOf(name)}).`, { cause: error })
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
}

/** Information dictionary: title, author, subject, keywords, dates as ISO strings, language; and the page count. */
function pdfMetadata({ facts, pages }: OpenedPdf): { readonly [key: string]: MetadataValue } {
  const metadata: { [key: string]: MetadataValue } = { pageCount: pages }
  const fields = {
    title: facts.Title,
    author: facts.Author,
    subject: facts.Subject,
    keywords: facts.Keywords,
    created: isoDate(facts.CreationDate),
    changed: isoDate(facts.ModDate),
    language: facts.Language,
  }
  for (const [key, value] of Object.entries(fields)) {
    const text = value?.replace(/\0/g, '').trim()
    if (text !== undefined && text !== '') metadata[key] = text
  }
  return metadata
}

/** `D:20240131120000+01'00'` as an ISO date; undefined when it is none. Source: ISO 32000-1, section 7.9.4. */
function isoDate(date: string | undefined): string | undefined {
  const match = /^(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:([+-])(\d\d)'?(\d\d)?|Z)?/.exec(
    date ?? '',
  )
  if (match === null) return undefined
  const [
    ,
    year,
    month = '01',
    day = '01',
    hour = '00',
    minute = '00',
    second = '00',
    sign,
    zoneHour,
    zoneMinute,
  ] = match
  const zone = sign === undefined ? 'Z' : `${sign}${zoneHour}:${zoneMinute ?? '00'}`
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`)
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString()
}
