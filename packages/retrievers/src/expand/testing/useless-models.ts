import { type LanguageModel, ModelError } from '@tesserae/core'
import { fakeLanguageModel } from '@tesserae/core/testing'
import { stuckModel } from './library.js'

/** Gives these answers in turn, the last one for ever; what is no string as JSON. */
export const answering = (...values: readonly unknown[]) => {
  const texts = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
  return fakeLanguageModel((_, call) => texts[Math.min(call, texts.length) - 1]!)
}

/** Models that are of no use, each with the reason that a stage gives for doing without. */
export const useless: readonly (readonly [string, LanguageModel, string])[] = [
  ['broken', answering('{"grades": [1, "queries": ["x"'), 'unreadable'],
  ['prose', answering('All of these look fine to me!'), 'unreadable'],
  ['empty', answering(' '), 'empty'],
  ['refused', fakeLanguageModel(() => ({ text: 'no', finishReason: 'filtered' })), 'refused'],
  ['failing', fakeLanguageModel(() => new ModelError('overloaded')), 'failed'],
  ['stuck', stuckModel, 'timeout'],
]

/** Time for a stage: little for the model that would take all of it, plenty for the others on a busy machine. */
export const patience = (model: LanguageModel) => (model === stuckModel ? 20 : 60_000)
