import { safeCutBefore, type Tokenizer, tokenRuler } from '@tesserae/core'

/** No token is longer: text beyond so many code units a token is not even tokenised. */
const longestToken = 64

/** The beginning of a text, at most `maxTokens` tokens of it. */
export function limitTokens(text: string, maxTokens: number, tokenizer: Tokenizer): string {
  const head = text.slice(0, safeCutBefore(text, maxTokens * longestToken))
  if (head === '') return head
  const ruler = tokenRuler(tokenizer, head)
  if (ruler.count(0, head.length) <= maxTokens) return head
  return head.slice(0, safeCutBefore(head, ruler.endOfTokens(0, maxTokens)))
}
