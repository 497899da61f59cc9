import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loaderLaws } from '@tesserae/core/testing'
import { afterAll, describe, it } from 'vitest'
import { defaultFormats, directory } from './index.js'
import { makePdf } from './testing/make-pdf.js'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

const samples: { readonly [extension: string]: Uint8Array } = {
  txt: encode('\ufeffplain text\r\nin two lines\fand a page\n'),
  md: encode('---\ntitle: T\n---\n# One\n\n- a ![i](u)\n- b\n\n|a|b|\n|-|-|\n|1|2|\n\n```js\nx\n```\n'),
  html: encode(
    '<html lang=en><title>T</title><body><main><h1>One</h1><p>Some prose, with words.</p><table><tr><td>1<td>2</table><pre>a\n b</pre><ul><li>x</ul></main>',
  ),
  pdf: makePdf([[{ text: 'A page of words', x: 72, y: 700, size: 12 }]]),
}

/** Shared, so that all laws use one thread for PDF. */
const formats = defaultFormats()

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

function folderOf(files: { readonly [name: string]: Uint8Array }): string {
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-laws-'))
  folders.push(folder)
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)
  return folder
}

for (const [extension, bytes] of Object.entries(samples)) {
  describe(`directory of ${extension} files`, () => {
    const good = folderOf({ [`a.${extension}`]: bytes, [`b.${extension}`]: bytes })
    const mixed = folderOf({
      [`a.${extension}`]: bytes,
      [`b.${extension}`]: new Uint8Array(0),
      [`c.${extension}`]: bytes,
    })
    const laws = loaderLaws(() => directory(good, { formats }), {
      failing: () => directory(mixed, { formats }),
      bytes: (content) => directory(folderOf({ [`x.${extension}`]: content }), { formats }),
      samples: [{ name: `sample.${extension}`, bytes }],
    })
    for (const law of laws) it(law.name, () => law.run())
  })
}
