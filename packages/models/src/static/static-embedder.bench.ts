import { bench, describe } from 'vitest'
import { staticEmbedder } from './static-embedder.js'

const ready = staticEmbedder()
const words =
  'the quick survey of ancient mosaics shows stones arranged by unknown hands and later repairs'.split(' ')

/** ASCII prose of about `length` characters; repeatable. */
function prose(length: number, seed: number): string {
  let text = ''
  for (let state = seed; text.length < length; state = (state * 48271) % 2147483647)
    text += `${words[state % words.length]!}${state % 11 === 0 ? ', ' : ' '}`
  return text
}

const questions = Array.from({ length: 1000 }, (_, i) => prose(60, i + 1))
const paragraphs = Array.from({ length: 100 }, (_, i) => prose(1000, i + 1))
const book = [prose(1_000_000, 7)]

describe('static embedder', () => {
  bench('load the table', async () => {
    await staticEmbedder()
  })
  bench('1,000 questions of 60 characters', async () => {
    await (await ready).embed(questions, { role: 'query' })
  })
  bench('100 paragraphs of 1,000 characters', async () => {
    await (await ready).embed(paragraphs, { role: 'document' })
  })
  bench('one text of a million characters', async () => {
    await (await ready).embed(book, { role: 'document' })
  })
  bench('token ends of a million characters', async () => {
    const embedder = await ready
    embedder.tokenizer.ends(book[0]!)
  })
})
