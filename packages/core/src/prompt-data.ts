/** What may open a tag, in any width. */
const openers = /[<\uff1c\ufe64]/g
/** Blanks, and characters that are not seen: they may stand anywhere in what a reader takes for a tag. */
const ignored = /[\s\p{Cf}\p{Cc}\p{Mn}]/u

/**
 * Makes a text unable to open or close the tags of the given names: `</context>` becomes `&lt;/context>`. Case,
 * width, blanks and characters that are not seen make no difference. Everything else stays as it was.
 */
export function escapeTagNames(text: string, names: readonly string[]): string {
  const lower = names.map((name) => name.toLowerCase())
  const longest = lower.reduce((most, name) => Math.max(most, name.length), 0) + 1
  return text.replace(openers, (opener, at: number) => {
    const seen = seenAfter(text, at + 1, longest)
    const name = seen.startsWith('/') ? seen.slice(1) : seen
    return lower.some((one) => name.startsWith(one)) ? '&lt;' : opener
  })
}

/** The first so many characters that are seen, in lower case and of one width. */
function seenAfter(text: string, start: number, count: number): string {
  let seen = ''
  for (let at = start; at < text.length && seen.length < count; ) {
    const char = String.fromCodePoint(text.codePointAt(at)!)
    if (!ignored.test(char)) seen += char.normalize('NFKC').toLowerCase()
    at += char.length
  }
  return seen
}

/**
 * Untrusted text between tags that it cannot forge, each on a line of its own: what a user typed, what a document
 * says, what a model wrote. It stays data to whoever reads the tags; it can still lie, and ask for things.
 *
 * @param names further tags of the same prompt that the text must not forge either
 */
export function fenced(text: string, tag: string, names: readonly string[] = []): string {
  return `<${tag}>\n${escapeTagNames(text, [tag, ...names])}\n</${tag}>`
}
