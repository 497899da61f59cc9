import { checkOneOf, type EmbedOptions, invalid } from '@tesserae/core'

/** Texts come from users' files and from other code: a wrong one is told with its place, not deep in a model. */
export function checkTexts(texts: readonly string[], name = 'texts'): void {
  if (!Array.isArray(texts)) invalid(name, 'an array of strings', texts)
  for (let i = 0; i < texts.length; i++)
    if (typeof texts[i] !== 'string') invalid(`${name}[${i}]`, 'a string', texts[i])
}

export function checkEmbedCall(texts: readonly string[], options: EmbedOptions): void {
  checkTexts(texts)
  checkOneOf('role', options?.role, ['query', 'document'])
}
