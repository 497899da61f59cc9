// A historian asks an archive of Arabic documents: other forms of a word, vowel signs and both kinds of digits find the same.

import { sentenceChunker } from '@tesserae/chunkers'
import { assembleContext, ingest, sentenceSpans } from '@tesserae/core'
import { texts } from '@tesserae/loaders'
import { bm25Index, highlight, lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { arabicAnalyzer } from '@tesserae/retrievers/languages'
import { describe, expect, it } from 'vitest'

const documents = {
  // The public library was founded in 1927. Were the books open to all? Yes, entry was free.
  'library.txt':
    'أُنشئت المكتبة العامة في المدينة سنة ١٩٢٧. هل كانت الكتب متاحة للجميع؟ نعم، كان الدخول مجانياً. وكان الحارس يفتح الباب عند الفجر.',
  // The ships came to the harbour in spring. The large ship carried wheat and cotton; the captain was from Basra.
  'harbour.txt':
    'وصلت السفن إلى الميناء في الربيع. حملت السفينة الكبيرة القمح والقطن؛ وكان القبطان من البصرة.',
  // The school for girls opened its doors in 1931. The teachers came from the capital.
  'school.txt': 'فتحت مدرسة البنات أبوابها سنة ١٩٣١. جاءت المعلمات من العاصمة.',
}

describe('an archive in Arabic', () => {
  const prepare = async (analyzer?: ReturnType<typeof arabicAnalyzer>) => {
    const store =
      analyzer === undefined ? memoryStore() : memoryStore({ lexicalIndex: () => bm25Index({ analyzer }) })
    const inputs = Object.entries(documents).map(([id, text]) => ({ id, text }))
    await ingest(texts(inputs).load(), { chunker: sentenceChunker({ maxSentences: 1, locale: 'ar' }), store })
    const retriever = lexicalRetriever({ store })
    return async (query: string) => (await retriever.retrieve(query, { limit: 10 })).map(({ chunk }) => chunk)
  }

  it('is cut into sentences, also at the Arabic question mark, in the order in which it is read', () => {
    const sentences = sentenceSpans(documents['library.txt'], 'ar').map(({ start, end }) =>
      documents['library.txt'].slice(start, end).trim(),
    )
    expect(sentences).toEqual([
      'أُنشئت المكتبة العامة في المدينة سنة ١٩٢٧.',
      'هل كانت الكتب متاحة للجميع؟',
      'نعم، كان الدخول مجانياً.',
      'وكان الحارس يفتح الباب عند الفجر.',
    ])
  })

  it('finds other forms of a word, with or without article, vowel signs and hamza', async () => {
    const search = await prepare(arabicAnalyzer())
    const plain = await prepare()
    const [library, harbour, school] = ['library.txt', 'harbour.txt', 'school.txt']
    for (const [query, document] of [
      ['المكتبات', library], // the libraries
      ['انشئت', library], // without vowel sign and hamza
      ['سفينة وقمح', harbour], // a ship, and wheat, without articles
      ['معلمة', school], // one teacher
      ['المَدْرَسَة', school], // the school, with all vowel signs
    ] as const) {
      expect((await search(query))[0]?.documentId, query).toBe(document)
      expect(
        (await plain(query)).map(({ documentId }) => documentId),
        query,
      ).not.toContain(document)
    }
  })

  it('reads a year in either digits, and leaves function words out', async () => {
    const search = await prepare(arabicAnalyzer())
    for (const year of ['1927', '١٩٢٧', '۱۹۲۷']) {
      expect((await search(year)).map(({ documentId }) => documentId)).toEqual(['library.txt'])
    }
    expect(await search('في من إلى')).toEqual([])
  })

  it('cites the sentence by its exact place, and marks what was found in it', async () => {
    const search = await prepare(arabicAnalyzer())
    const found = await search('متى أنشئت المكتبات؟')
    const { text, citations } = await assembleContext(
      found.slice(0, 1).map((chunk) => ({ chunk, score: 1, trace: [] })),
      { maxTokens: 200 },
    )
    const [{ documentId, start, end }] = citations as [(typeof citations)[0]]
    expect(documents[documentId as keyof typeof documents].slice(start, end)).toBe(
      'أُنشئت المكتبة العامة في المدينة سنة ١٩٢٧.',
    )
    expect(text).toContain('[1]')
    const sentence = citations[0]!.text
    const marked = highlight('متى أنشئت المكتبات؟', sentence, { analyzer: arabicAnalyzer() })
    expect(marked.map((span) => sentence.slice(span.start, span.end))).toEqual(['أُنشئت', 'المكتبة'])
  })
})
