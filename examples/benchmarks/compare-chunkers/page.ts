import type { Row } from '../harness/report.js'
import { escapeHtml, legend, linePlot, plotStyles, type Series } from './plot.js'

export interface PageCorpus {
  readonly name: string
  readonly about: string
  /** Which differences are real, a sentence for each retriever and metric. */
  readonly verdicts: readonly string[]
  readonly retrievers: readonly {
    readonly name: string
    readonly mrr: readonly Series[]
    readonly recall: readonly Series[]
  }[]
}

/** One plot of the comparison at equal recall: recall and precision-omega in %, a point for each size. */
export interface PagePlot {
  readonly name: string
  readonly series: readonly Series[]
}

export interface Page {
  readonly title: string
  /** One line under the title. */
  readonly about: string
  /** How it was measured. */
  readonly facts: readonly string[]
  /** Empty when it was not compared. */
  readonly equalRecall: readonly PagePlot[]
  readonly corpora: readonly PageCorpus[]
  readonly rows: readonly Row[]
  readonly notes: readonly string[]
}

const styles = `
:root { color-scheme: light dark; --ink: #1d2430; --paper: #fff; --line: #d9dde3; --soft: #f4f6f8 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --paper: #14181e; --line: #39414c; --soft: #1d232b } }
body { overflow-wrap: anywhere; margin: 0 auto; max-width: 76rem; padding: 1.5rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1rem }
.plots svg { width: 100%; height: auto }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-size: 13px; margin: .5rem 0 1rem }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .6rem; text-align: right; white-space: nowrap }
th:first-child, td:first-child { text-align: left }
tr { background: var(--paper) }
tbody tr:nth-child(even) { background: var(--soft) }
th:first-child, td:first-child { position: sticky; left: 0; z-index: 1; background: inherit }
small { opacity: .7 }
summary { cursor: pointer; padding: .15rem 0 }
${plotStyles}`

/** The whole report as one file: no script, nothing loaded from anywhere. */
export function htmlPage(page: Page): string {
  const cases = [...new Set(page.rows.map((row) => row.case))]
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(page.title)}</title>
<style>${styles}</style>
<h1>${escapeHtml(page.title)}</h1>
<p>${escapeHtml(page.about)}</p>
${page.corpora.map(corpusSection).join('\n')}
${equalRecallSection(page.equalRecall)}
${list(page.notes)}
<h2>All figures</h2>
${cases.map((name) => table(name, page.rows)).join('\n')}
<h2>How it was measured</h2>
${list(page.facts)}
</html>
`
}

function corpusSection(corpus: PageCorpus): string {
  const names = corpus.retrievers[0]?.mrr.map((series) => series.name) ?? []
  const plots = corpus.retrievers.flatMap(({ name, mrr, recall }) => [
    linePlot({ title: `${name}: MRR by k`, xLabel: 'k', yLabel: 'MRR@k', series: mrr }),
    linePlot({
      title: `${name}: recall against tokens read`,
      xLabel: 'tokens of the first k passages (mean)',
      yLabel: 'recall of reference characters',
      series: recall,
      logarithmic: true,
      numbered: true,
    }),
  ])
  return `<h2>${escapeHtml(corpus.name)}</h2>
<p>${escapeHtml(corpus.about)}</p>
${legend(names)}
<div class="plots">${plots.join('\n')}</div>
${details('Which differences are real', list(corpus.verdicts))}`
}

function list(items: readonly string[]): string {
  return items.length === 0 ? '' : `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`
}

function details(summary: string, content: string): string {
  return content === '' ? '' : `<details><summary>${escapeHtml(summary)}</summary>${content}</details>`
}

function equalRecallSection(plots: readonly PagePlot[]): string {
  const [first] = plots
  if (first === undefined) return ''
  const drawn = plots.map(({ name, series }) =>
    linePlot({
      title: `${name}: precision-omega by recall`,
      xLabel: 'recall of reference characters, %',
      yLabel: 'precision-omega, %',
      series,
    }),
  )
  return `<h2>At equal recall</h2>
<p>Chunkers at many sizes, on both corpora of the published table together: what was measured, and a smooth curve through it. Higher at the same recall is better.</p>
${legend(first.series.map(({ name }) => name))}
<div class="plots">${drawn.join('\n')}</div>`
}

function table(name: string, all: readonly Row[]): string {
  const rows = all.filter((row) => row.case === name)
  const metrics = [...new Set(rows.map((row) => row.metric))]
  const unitOf = (metric: string) => rows.find((row) => row.metric === metric)?.unit ?? ''
  const head = metrics.map((metric) => {
    const unit = unitOf(metric)
    return `<th>${escapeHtml(metric)}${unit && ` <small>${escapeHtml(unit)}</small>`}</th>`
  })
  const body = [...new Set(rows.map((row) => row.subject))].map((subject) => {
    const cells = metrics.map((metric) => {
      const row = rows.find((one) => one.subject === subject && one.metric === metric)
      return `<td>${row === undefined ? '' : cell(row)}</td>`
    })
    return `<tr><td>${escapeHtml(subject)}</td>${cells.join('')}</tr>`
  })
  const rowsOf = `<thead><tr><th></th>${head.join('')}</tr></thead><tbody>${body.join('\n')}</tbody>`
  return details(name, `<div class="scroll"><table>${rowsOf}</table></div>`)
}

function cell({ value, low, high }: Row): string {
  const show = (number: number) => (Number.isInteger(number) ? String(number) : number.toFixed(3))
  return low === value && high === value
    ? show(value)
    : `${show(value)} <small>${show(low)} to ${show(high)}</small>`
}
