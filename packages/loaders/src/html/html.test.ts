import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { hasSharedData, sharedData } from '../testing/shared.js'
import { type HtmlFormatOptions, htmlFormat } from './index.js'

async function parsed(html: string | Uint8Array, options: HtmlFormatOptions = {}, uri = 'page.html') {
  const bytes = typeof html === 'string' ? new TextEncoder().encode(html) : html
  const result = await htmlFormat(options).parse({ bytes, uri })
  const shown = result.marks.map(({ kind, start, end, level, label }) =>
    [kind, level, label, result.text.slice(start, end)].filter((part) => part !== undefined).join(' · '),
  )
  return { ...result, shown }
}

const whole = { mainContent: false }

describe('htmlFormat: text', () => {
  it('joins inline elements and separates blocks as a browser does', async () => {
    const { text } = await parsed(
      '<body>  <p>One <b>bo</b>ld\n word,<br>next&nbsp;line &amp; &eacute;</p><div>a<span>b</span></div><div>c</div>d<p></p></body>',
      whole,
    )
    expect(text).toBe('One bold word,\nnext\u00a0line & é\n\nab\nc\nd')
  })

  it('never runs words of blocks, cells and list items together', async () => {
    const { text } = await parsed(
      '<ul><li>one<li>two</ul><table><tr><td>a<td>b</tr><tr><td><p>c</p><td><p>d</p><p>e</p></table><dl><dt>k<dd>v</dl><select><option>no</select>z',
      whole,
    )
    expect(text).toBe('one\ntwo\n\na | b\n\nc | d\n\ne\n\nk\nv\n\nz')
  })

  it('keeps columns of tables apart where cells are empty', async () => {
    const { text } = await parsed('<table><tr><th>h<th><th>i<tr><td><td>x<td></table>', whole)
    expect(text).toBe('h | | i\n| x')
  })

  it('keeps preformatted text as it is', async () => {
    const { text, shown } = await parsed(
      '<p>x</p><pre class="language-ts">\nif (a) {\n  b  &lt; c\n}\n</pre><p>y',
      whole,
    )
    expect(text).toBe('x\n\nif (a) {\n  b  < c\n}\n\ny')
    expect(shown).toEqual(['paragraph · x', 'code · ts · if (a) {\n  b  < c\n}', 'paragraph · y'])
  })

  it('drops what is not shown', async () => {
    const hidden = [
      '<script>no()</script><style>no{}</style><template>no</template><noscript>no</noscript><!-- no -->',
      '<p hidden>no</p><div aria-hidden="true"><p>no</div><p style="color:red; DISPLAY : none">no</p>',
      '<p style="visibility:hidden">no</p><svg><text>no</text></svg><textarea>no</textarea><dialog>no</dialog>',
    ]
    expect(
      (await parsed(`<title>no</title>yes ${hidden.join('')} too<dialog open>shown</dialog>`, whole)).text,
    ).toBe('yes too\nshown')
  })

  it('marks structure, nested, with labels', async () => {
    const { shown } = await parsed(
      '<h1>The <i>Title</i></h1><blockquote><p>said</p></blockquote><ol><li>a<ul><li>b</ul></ol><table><tr><td>1<td>2</table>',
      whole,
    )
    expect(shown).toEqual([
      'heading · 1 · The Title · The Title',
      'quote · said',
      'paragraph · said',
      'list · a\n\nb',
      'list · b',
      'table · 1 | 2',
      'row · 1 | 2',
    ])
  })

  it('treats tables that lay the page out as blocks', async () => {
    const { text, shown } = await parsed(
      '<table><tr><td>left</td><td><table><tr><td>1<td>2</table></td></tr></table><table role=presentation><tr><td>x<td>y</table>',
      whole,
    )
    expect(text).toBe('left\n\n1 | 2\n\nx\ny')
    expect(shown).toEqual(['table · 1 | 2', 'row · 1 | 2'])
  })

  it('writes links and images when asked', async () => {
    const html =
      '<base href="/docs/"><p>See <a href="a.html">this</a>, <a href="#x">that</a>, <a href="javascript:no()">no</a>. <img alt="A  cat" src=c.png>'
    expect((await parsed(html, whole)).text).toBe('See this, that, no.')
    const inline = await parsed(html, { ...whole, links: 'inline', images: true }, 'https://x.org/y/z.html')
    expect(inline.text).toBe('See this (https://x.org/docs/a.html), that, no. A cat')
    expect(inline.shown.at(-1)).toBe('image · A cat · A cat')
    expect((await parsed(html, { ...whole, links: 'inline' })).text).toContain('this (a.html)')
  })
})

describe('htmlFormat: pages', () => {
  const article = `<p>${'Prose with several words, commas, and a full stop at its end. '.repeat(6)}</p>`

  it('keeps the content and leaves the furniture out', async () => {
    const page = `<body><nav><a href=a>Home</a></nav><div class="cookie-banner">We use cookies</div><div id=x><h1>Head</h1>${article.repeat(3)}<div class="related"><a href=b>Read more</a></div></div><aside>Ads</aside><footer>Imprint</footer>`
    const main = (await parsed(page)).text
    expect(main).toMatch(/^Head\n\nProse/)
    expect(main).not.toMatch(/Home|cookies|Read more|Ads|Imprint/)
    const all = (await parsed(page, whole)).text
    for (const word of ['Home', 'cookies', 'Read more', 'Ads', 'Imprint']) expect(all).toContain(word)
  })

  it('falls back to the page when there is no prose, or all of it looks like furniture', async () => {
    expect((await parsed('<body><div>Short note</div></body>')).text).toBe('Short note')
    expect((await parsed('<body><nav>Only this</nav></body>')).text).toBe('Only this')
    expect((await parsed(`<form><div class="sidebar">${article}</div></form>`)).text).toContain('Prose')
    await expect(parsed('<body><script>x</script></body>')).rejects.toThrow(/shows no text/)
  })

  it('reads what a page says about itself', async () => {
    const { metadata } = await parsed(
      '<html lang="de"><head><title>Page  title</title><meta name=description content="About"><meta property="article:published_time" content="2024-01-31"><link rel=canonical href="https://a.b/c"><meta property="og:site_name" content="Site"><script type="application/ld+json">{"@graph":[{"author":[{"name":"Ann"},{"name":"Bob"}],"headline":"Head"}]}</script><script type="application/ld+json">{broken</script></head><body>text',
    )
    expect(metadata).toEqual({
      title: 'Head',
      description: 'About',
      author: 'Ann, Bob',
      published: '2024-01-31',
      language: 'de',
      site: 'Site',
      canonical: 'https://a.b/c',
    })
  })

  it('finds the encoding: mark, told charset, declaration, bytes', async () => {
    const latin = (head: string): Uint8Array =>
      Uint8Array.from(`${head}<p>Gr\xfc\xdfe</p>`, (c) => c.charCodeAt(0))
    expect((await parsed(latin('<meta charset="iso-8859-1">'))).text).toBe('Grüße')
    expect(
      (await parsed(latin('<meta http-equiv=Content-Type content="text/html; charset=windows-1252">'))).text,
    ).toBe('Grüße')
    expect((await parsed(latin(''))).text).toBe('Grüße')
    const cyrillic = Uint8Array.from([0x3c, 0x70, 0x3e, 0xcf, 0xf0, 0xe8])
    const told = await htmlFormat().parse({ bytes: cyrillic, uri: 'a', charset: 'windows-1251' })
    expect(told).toMatchObject({ text: 'При', metadata: { encoding: 'windows-1251' } })
    expect((await parsed(cyrillic, { encoding: 'koi8-r' })).text).not.toBe('При')
  })

  it('survives depth, and refuses what would not fit in memory', async () => {
    const deep = '<div><b>'.repeat(25_000)
    expect((await parsed(`${deep}text`)).text).toBe('text')
    expect((await parsed(`${'<table><tr><td>'.repeat(5_000)}text`)).text).toBe('text')
    expect((await parsed(`<p>x${'<a href=x>'.repeat(20_000)}`)).text).toBe('x')
    await expect(parsed(`${'<i>'.repeat(50_001)}x`)).rejects.toThrow(/open inside each other/)
    expect((await parsed('<p>x<br>'.repeat(50_001))).text.slice(0, 4)).toBe('x\n\nx')
    await expect(parsed('<p>12345', { maxBytes: 7 })).rejects.toThrow(/more than the limit of 7/)
    expect(() => htmlFormat({ links: 'all' as 'text' })).toThrow(/`links` must be one of/)
  })
})

const pages = `${sharedData}/html`

/** Word 4-grams with their counts, as in the benchmark's own metric. */
function shingles(text: string): Map<string, number> {
  const words = text.match(/[\p{L}\p{N}_]+/gu) ?? []
  const counts = new Map<string, number>()
  for (let at = 0; at === 0 || at + 4 <= words.length; at++) {
    const key = words.slice(at, at + 4).join(' ')
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

describe.skipIf(!hasSharedData)('htmlFormat: measured (skipped without the shared data sets)', () => {
  it('extracts articles: F1 of at least 0.94 on 61 pages of the article extraction benchmark', async () => {
    const truth = JSON.parse(readFileSync(`${pages}/article-extraction/ground-truth.json`, 'utf8')) as {
      readonly [id: string]: { readonly articleBody: string; readonly url: string }
    }
    let precision = 0
    let recall = 0
    for (const [id, { articleBody, url }] of Object.entries(truth)) {
      const bytes = gunzipSync(readFileSync(`${pages}/article-extraction/html/${id}.html.gz`))
      const { text } = await htmlFormat().parse({ bytes, uri: url })
      const wanted = shingles(articleBody)
      const found = shingles(text)
      let hits = 0
      for (const [key, count] of found) hits += Math.min(count, wanted.get(key) ?? 0)
      precision += hits / [...found.values()].reduce((a, b) => a + b)
      recall += hits / [...wanted.values()].reduce((a, b) => a + b)
    }
    const f1 = (2 * precision * recall) / (precision + recall) / Object.keys(truth).length
    expect(f1).toBeGreaterThan(0.94)
  })

  it('finds wanted segments and leaves unwanted ones out: F1 of at least 0.86 on 83 mostly German pages', async () => {
    let truePositive = 0
    let falsePositive = 0
    let falseNegative = 0
    const flat = (text: string): string => text.replace(/\s+/g, ' ')
    for (const line of readFileSync(`${pages}/trafilatura/segments.jsonl`, 'utf8').trim().split('\n')) {
      const page = JSON.parse(line) as { file: string; url: string; with: string[]; without: string[] }
      const bytes = gunzipSync(readFileSync(`${pages}/trafilatura/${page.file}`))
      const { text } = await htmlFormat().parse({ bytes, uri: page.url })
      const written = flat(text)
      const wanted = page.with.filter((segment) => written.includes(flat(segment))).length
      truePositive += wanted
      falseNegative += page.with.length - wanted
      falsePositive += page.without.filter((segment) => written.includes(flat(segment))).length
    }
    const f1 = (2 * truePositive) / (2 * truePositive + falsePositive + falseNegative)
    expect(f1).toBeGreaterThan(0.86)
  })
})
