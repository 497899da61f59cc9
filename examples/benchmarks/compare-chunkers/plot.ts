/** A line of a plot: points in order of x. */
export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
  /** Where the line goes when it does not go through the points. @default the points */
  readonly line?: readonly (readonly [x: number, y: number])[] | undefined
}

export interface PlotOptions {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  readonly series: readonly Series[]
  /** A logarithmic x axis, for values above 0. @default false */
  readonly logarithmic?: boolean | undefined
  /** Marks each point of a line with its number from 1. @default false */
  readonly numbered?: boolean | undefined
}

const width = 560
const height = 340
const left = 56
const right = 26
const top = 34
const bottom = 46
const colours = 6

/** A line plot as an SVG element. Colours and dashes are classes: the page decides what they look like. */
export function linePlot(options: PlotOptions): string {
  const points = options.series.flatMap((series) => [...series.points, ...(series.line ?? [])])
  if (points.length === 0) return ''
  const log = options.logarithmic ?? false
  const xs = log ? logTicks(points.map(([x]) => x)) : niceTicks(points.map(([x]) => x))
  const ys = niceTicks(points.map(([, y]) => y))
  const [xMin, xMax] = [xs[0]!, xs.at(-1)!]
  const [yMin, yMax] = [ys[0]!, ys.at(-1)!]
  const scale = (x: number) => (log ? Math.log(x) : x)
  const px = (x: number) =>
    left + ((scale(x) - scale(xMin)) / (scale(xMax) - scale(xMin))) * (width - left - right)
  const py = (y: number) => height - bottom - ((y - yMin) / (yMax - yMin)) * (height - top - bottom)
  const parts = [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(options.title)}">`,
    text(left, 18, options.title, 'title', 'start'),
  ]
  for (const y of ys) {
    parts.push(
      `<line class="grid" x1="${left}" x2="${width - right}" y1="${round(py(y))}" y2="${round(py(y))}"/>`,
    )
    parts.push(text(left - 7, py(y) + 4, tickLabel(y), 'tick', 'end'))
  }
  for (const x of xs) parts.push(text(px(x), height - bottom + 18, tickLabel(x), 'tick', 'middle'))
  parts.push(text((left + width - right) / 2, height - 8, options.xLabel, 'label', 'middle'))
  parts.push(
    `<text class="label" text-anchor="middle" transform="translate(14 ${round((top + height - bottom) / 2)}) rotate(-90)">${escapeHtml(options.yLabel)}</text>`,
  )
  for (const [index, series] of options.series.entries()) {
    const path = (series.line ?? series.points).map(([x, y]) => `${round(px(x))},${round(py(y))}`).join(' ')
    parts.push(`<g class="${seriesClass(index)}"><title>${escapeHtml(series.name)}</title>`)
    parts.push(`<polyline points="${path}"/>`)
    for (const [place, [x, y]] of series.points.entries()) {
      const label = `${series.name}: ${tickLabel(x)}, ${y.toFixed(3)}${options.numbered ? ` (first ${place + 1})` : ''}`
      parts.push(
        `<circle cx="${round(px(x))}" cy="${round(py(y))}" r="3"><title>${escapeHtml(label)}</title></circle>`,
      )
    }
    parts.push('</g>')
  }
  parts.push('</svg>')
  return parts.join('\n')
}

/** The legend of plots whose series have these names in this order. */
export function legend(names: readonly string[]): string {
  const items = names.map(
    (name, index) =>
      `<li><svg viewBox="0 0 34 12" class="key" aria-hidden="true"><g class="${seriesClass(index)}"><polyline points="1,6 33,6"/><circle cx="17" cy="6" r="3"/></g></svg>${escapeHtml(name)}</li>`,
  )
  return `<ul class="legend">${items.join('')}</ul>`
}

/** Styles of plots and legend: six colours that read on light and dark, then the same dashed. */
export const plotStyles = `
svg text { fill: var(--ink); font: 12px system-ui, sans-serif }
svg .title { font-weight: 600; font-size: 13px }
svg .grid { stroke: var(--line) }
svg polyline { fill: none; stroke: currentColor; stroke-width: 2 }
svg circle { fill: currentColor }
.dash1 polyline { stroke-dasharray: 7 4 }
.dash2 polyline { stroke-dasharray: 2 4 }
.c0 { color: #2f7fd6 } .c1 { color: #d9682b } .c2 { color: #2a9d62 }
.c3 { color: #c2478f } .c4 { color: #a58212 } .c5 { color: #7a6ad8 }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; padding: 0; margin: .4rem 0 1rem }
.legend .key { width: 34px; height: 12px; margin-right: .4rem; vertical-align: middle }
`

function seriesClass(index: number): string {
  return `c${index % colours} dash${Math.floor(index / colours) % 3}`
}

function text(x: number, y: number, value: string, name: string, anchor: string): string {
  return `<text class="${name}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escapeHtml(value)}</text>`
}

/** From four to about eight round values that hold all the values. */
function niceTicks(values: readonly number[]): number[] {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (high === low) {
    low -= 0.5
    high += 0.5
  }
  const rough = (high - low) / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough
  const ticks: number[] = []
  const last = Math.ceil(high / step - 1e-9)
  for (let i = Math.floor(low / step + 1e-9); i <= last; i++) ticks.push(Number((i * step).toPrecision(12)))
  return ticks
}

/** One, two and five times the powers of ten around all the values. */
function logTicks(values: readonly number[]): number[] {
  const low = Math.min(...values)
  const high = Math.max(...values)
  const ticks: number[] = []
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const factor of [1, 2, 5]) ticks.push(factor * 10 ** power)
  const first = ticks.findLastIndex((tick) => tick <= low)
  const last = ticks.findIndex((tick) => tick >= high)
  return ticks.slice(first, Math.max(last, first + 1) + 1)
}

function tickLabel(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en') : String(Number(value.toPrecision(4)))
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

export function escapeHtml(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
