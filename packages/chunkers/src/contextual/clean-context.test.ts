import { pieceTokenizer } from '@tesserae/core'
import { generateTexts } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { cleanContext, contextTokens, fitContext } from './clean-context.js'

describe('cleanContext', () => {
  it.each([
    ['  It is about\n\n deposits.\t ', 'It is about deposits.'],
    ['a\u0000b\u001b[31mc\u0085d\u009be', 'ab[31mc de'],
    ['safe\u202Etxt.exe\u2066 \u200b\u{e0041}\ufeffend', 'safetxt.exe end'],
    ['lone \ud800 half', 'lone half'],
    ['👨‍👩‍👧 می‌خواهم', '👨‍👩‍👧 می‌خواهم'],
    ['"It is about deposits."', 'It is about deposits.'],
    ['<context>It is about deposits.</context>', 'It is about deposits.'],
    ['<think>What is it?</think>It is about deposits.', 'It is about deposits.'],
    ['<think>never ends', ''],
    ['She said "yes" and "no"', 'She said "yes" and "no"'],
    ['', ''],
    [' \n ', ''],
    ["I'm sorry, but I can't help with that.", ''],
    ['I cannot summarise this passage.', ''],
    ['As an AI language model, I …', ''],
    ['Sorry, no context.', ''],
    ['Sorry states of roads in 1990 are listed.', 'Sorry states of roads in 1990 are listed.'],
    ['The ministry was sorry for the delay.', 'The ministry was sorry for the delay.'],
  ])('%j → %j', (answer, expected) => {
    expect(cleanContext(answer)).toBe(expected)
  })

  it('is linear on hostile answers', () => {
    for (const part of ['<think>', '<a>', '"', ' \n', '\u202e']) {
      expect(cleanContext(part.repeat(1_000_000)).length).toBeLessThanOrEqual(20_000)
    }
  })
})

describe('fitContext', () => {
  const tokenizer = pieceTokenizer()

  it('ends at a sentence in the second half, else at a word', () => {
    const context = 'One two three. Four five six. Seven eight.'
    expect(fitContext(tokenizer, context, 12)).toBe(context)
    expect(fitContext(tokenizer, context, 10)).toBe('One two three. Four five six.')
    expect(fitContext(tokenizer, 'one two three four five', 4)).toBe('one two three')
    expect(fitContext(tokenizer, context, 0)).toBe('')
    expect(fitContext(tokenizer, '', 9)).toBe('')
  })

  it('never costs more than it may, and is a beginning', () => {
    for (const text of generateTexts({ seed: 5, count: 200, hugeLineUnits: 500 })) {
      const context = cleanContext(text)
      for (const limit of [1, 2, 7, 30]) {
        const fitting = fitContext(tokenizer, context, limit)
        expect(contextTokens(tokenizer, fitting)).toBeLessThanOrEqual(limit)
        expect(context.startsWith(fitting)).toBe(true)
      }
    }
  })
})
