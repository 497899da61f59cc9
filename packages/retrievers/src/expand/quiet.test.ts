import { fakeLanguageModel } from '@tesserae/core/testing'
import { expect, it } from 'vitest'
import { hybridRetriever } from '../hybrid.js'
import { decomposeRetriever } from './decompose.js'
import { chunkOf, lexicalOver } from './testing/library.js'

it('searches with many queries at once without a warning of the platform', async () => {
  const warnings: Error[] = []
  const note = (warning: Error) => warnings.push(warning)
  process.on('warning', note)
  try {
    const chunks = [chunkOf('steam', 'Steam drove the mills.'), chunkOf('loom', 'Looms wove the cloth.')]
    const legs = [await lexicalOver(chunks), { ...(await lexicalOver(chunks)), name: 'again' }]
    const questions = ['steam', 'mills', 'looms', 'cloth', 'drove', 'wove']
    const model = fakeLanguageModel(() => JSON.stringify({ questions }))
    const retriever = decomposeRetriever(hybridRetriever(legs), { model })
    const { signal } = new AbortController()
    await Promise.all(questions.map((question) => retriever.retrieve(question, { signal })))
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.off('warning', note)
  }
  expect(warnings).toEqual([])
})
