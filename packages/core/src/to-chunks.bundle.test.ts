import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { toChunks } from './to-chunks.js'

describe('importing only toChunks', () => {
  it('bundles to less than 3 kB gzipped and brings nothing else of core', async () => {
    const entry = fileURLToPath(new URL('./index.ts', import.meta.url))
    const result = await build({
      stdin: {
        contents: `export { toChunks } from ${JSON.stringify(entry)}`,
        resolveDir: fileURLToPath(new URL('.', import.meta.url)),
      },
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'neutral',
      write: false,
      metafile: true,
    })
    const output = Object.values(result.metafile.outputs)[0]!
    const sources = Object.entries(output.inputs)
      .filter(([, input]) => input.bytesInOutput > 0)
      .map(([path]) => path.split('/').at(-1))
      .filter((name) => name !== '<stdin>')
      .sort()
    expect(sources).toEqual([
      'boundaries.ts',
      'errors.ts',
      'fingerprint.ts',
      'sha256-portable.ts',
      'sha256.ts',
      'to-chunks.ts',
    ])

    const code = result.outputFiles[0]!.contents
    const gzipped = gzipSync(code).byteLength
    expect(gzipped).toBeLessThan(3072)

    const source = new TextDecoder().decode(code)
    const bundled = await import(`data:text/javascript,${encodeURIComponent(source)}`)
    const document = { id: 'd', text: 'one two', marks: [], metadata: {} }
    expect(bundled.toChunks(document, [{ start: 4, end: 7 }])).toEqual(
      toChunks(document, [{ start: 4, end: 7 }]),
    )
  })
})
