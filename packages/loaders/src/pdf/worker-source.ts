/**
 * Program of the thread that pdf.js runs in, as text: it needs no file of its own, so it works from sources,
 * from `dist` and from a bundle alike. It only turns pdf.js's objects into plain values; what they mean is
 * decided in the modules around it.
 *
 * A thread of its own because pdf.js is fed by strangers: a loop can be stopped, memory is capped, a stray
 * rejection ends only the thread, warnings stay silent, and the globals pdf.js expects are not put into the
 * user's program. `DOMMatrix` and its like exist for drawing, which never happens here.
 */
export const WORKER_SOURCE = `
const { parentPort, workerData } = require('node:worker_threads')
for (const name of ['DOMMatrix', 'ImageData', 'Path2D']) globalThis[name] ??= class {}
const ready = import(workerData.library)
let task, document

async function open({ bytes, password }) {
  const pdfjs = await ready
  task = pdfjs.getDocument({
    data: bytes, password, verbosity: 0, isEvalSupported: false, useSystemFonts: false, disableFontFace: true,
    useWasm: false, useWorkerFetch: false, stopAtErrors: false, enableXfa: false,
    cMapUrl: workerData.cMaps, cMapPacked: true, standardFontDataUrl: workerData.fonts,
  })
  document = await task.promise
  const labels = await document.getPageLabels().catch(() => null)
  const { info } = await document.getMetadata().catch(() => ({ info: {} }))
  const facts = {}
  for (const name of ['Title', 'Author', 'Subject', 'Keywords', 'CreationDate', 'ModDate', 'Language']) {
    if (typeof info[name] === 'string') facts[name] = info[name]
  }
  return { pages: document.numPages, labels, facts }
}

async function page({ number }) {
  const page = await document.getPage(number)
  try {
    const view = page.getViewport({ scale: 1 })
    const { items, styles } = await page.getTextContent()
    const texts = []
    const numbers = []
    const [a, b, c, d, e, f] = view.transform
    for (const item of items) {
      if (typeof item.str !== 'string' || item.str === '') continue
      const t = item.transform
      texts.push(item.str)
      numbers.push(
        a * t[4] + c * t[5] + e, b * t[4] + d * t[5] + f,
        a * t[0] + c * t[1], b * t[0] + d * t[1], a * t[2] + c * t[3], b * t[2] + d * t[3],
        item.width, item.height, styles[item.fontName]?.vertical ? 1 : 0, item.dir === 'rtl' ? 1 : 0,
      )
    }
    return { texts, numbers: Float64Array.from(numbers), width: view.width, height: view.height }
  } finally {
    page.cleanup()
  }
}

async function close() {
  const closing = task
  task = document = undefined
  await closing?.destroy()
  return {}
}

const calls = { open, page, close }
parentPort.on('message', async ({ call, argument }) => {
  try {
    parentPort.postMessage({ value: await calls[call](argument) })
  } catch (error) {
    parentPort.postMessage({ error: { name: String(error?.name), message: String(error?.message ?? error), code: error?.code } })
  }
})
// Rejections that nobody waits for belong to a page or document whose own promise tells the same.
process.on('unhandledRejection', () => {})
`

/** Numbers per text item in a page's `numbers`. */
export const ITEM_NUMBERS = 10

export interface OpenedPdf {
  readonly pages: number
  readonly labels: readonly string[] | null
  readonly facts: { readonly [name: string]: string }
}

/**
 * Text items of a page in content order. Per item: x, y of the origin (points from the top left), the text
 * direction's vector, the up vector, width, height, 1 when vertical, 1 when right-to-left.
 */
export interface PdfPage {
  readonly texts: readonly string[]
  readonly numbers: Float64Array
  readonly width: number
  readonly height: number
}
