/**
 * The seven ways an HTML block begins and how each ends.
 * Source: CommonMark 0.31.2, section 4.6 "HTML blocks".
 */
const BLOCK_NAMES =
  'address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul'

const ATTRIBUTE = '\\s+[A-Za-z_:][A-Za-z0-9_.:-]*(?:\\s*=\\s*(?:[^\\s"\'=<>`]+|\'[^\']*\'|"[^"]*"))?'

const STARTS: readonly RegExp[] = [
  /^<(?:script|pre|style|textarea)(?:\s|>|$)/i,
  /^<!--/,
  /^<\?/,
  /^<![A-Za-z]/,
  /^<!\[CDATA\[/,
  new RegExp(`^</?(?:${BLOCK_NAMES})(?:\\s|/?>|$)`, 'i'),
  new RegExp(`^(?:<[A-Za-z][A-Za-z0-9-]*(?:${ATTRIBUTE})*\\s*/?>|</[A-Za-z][A-Za-z0-9-]*\\s*>)\\s*$`),
]

const ENDS: readonly (RegExp | undefined)[] = [
  /<\/(?:script|pre|style|textarea)>/i,
  /-->/,
  /\?>/,
  />/,
  /\]\]>/,
]

/** Kind 1–7 of the HTML block that a line (from its first character that is no blank) begins, or 0. */
export function htmlBlockKind(line: string, insideParagraph: boolean): number {
  for (let kind = 1; kind <= 7; kind++) {
    if (kind === 7 && insideParagraph) return 0
    if (STARTS[kind - 1]!.test(line)) return kind
  }
  return 0
}

/** Whether a line ends the block; kinds 6 and 7 end at a blank line instead. */
export function endsHtmlBlock(kind: number, line: string): boolean {
  return ENDS[kind - 1]?.test(line) ?? false
}
