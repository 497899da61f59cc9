/** Elements without content, and those whose end tag may be left out: they do not pile up. */
const SHALLOW = new Set([
  ...[
    'area',
    'base',
    'br',
    'col',
    'embed',
    'hr',
    'img',
    'input',
    'link',
    'meta',
    'param',
    'source',
    'track',
    'wbr',
  ],
  ...['p', 'li', 'dt', 'dd', 'td', 'th', 'tr', 'thead', 'tbody', 'option', 'optgroup', 'rp', 'rt'],
])

const TAG = /<(\/?)([A-Za-z][A-Za-z0-9-]{0,30})/g

/**
 * About how deep elements of a page nest at most, from its tags alone. The parser takes time that grows with
 * the square of the depth, so a page of open tags only has to be told before it is parsed.
 */
export function nestingDepth(html: string): number {
  let depth = 0
  let deepest = 0
  TAG.lastIndex = 0
  for (let match = TAG.exec(html); match !== null; match = TAG.exec(html)) {
    if (SHALLOW.has(match[2]!.toLowerCase())) continue
    if (match[1] === '/') {
      if (depth > 0) depth--
    } else if (++depth > deepest) deepest = depth
  }
  return deepest
}
