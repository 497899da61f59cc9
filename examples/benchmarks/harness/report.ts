/** One measured figure. `low` and `high` are its spread or interval; equal to `value` where there is none. */
export interface Row {
  readonly subject: string
  readonly case: string
  readonly metric: string
  readonly value: number
  readonly low: number
  readonly high: number
  readonly unit: string
}

/** A figure that was promised: met when `value` is at least `target`. */
export interface Ratio {
  readonly name: string
  readonly value: number
  readonly target: number
  readonly met: boolean
}

/** What was not measured, and why. */
export interface Skipped {
  readonly subject: string
  readonly case: string
  readonly reason: string
}

export interface Report {
  readonly bench: string
  readonly machine: { readonly [name: string]: string | number }
  readonly rows: readonly Row[]
  readonly ratios: readonly Ratio[]
  readonly skipped: readonly Skipped[]
  readonly notes: readonly string[]
}

/** The report as tables: one per case, subjects down, metrics across; then ratios, skips and notes. */
export function formatReport(report: Report): string {
  const lines: string[] = []
  for (const name of unique(report.rows.map((row) => row.case))) {
    const rows = report.rows.filter((row) => row.case === name)
    const metrics = unique(rows.map((row) => `${row.metric}${row.unit ? ` (${row.unit})` : ''}`))
    const table = [['subject', ...metrics]]
    for (const subject of unique(rows.map((row) => row.subject))) {
      const cells = metrics.map((metric) => {
        const row = rows.find(
          (r) => r.subject === subject && metric === `${r.metric}${r.unit ? ` (${r.unit})` : ''}`,
        )
        return row ? formatRow(row) : ''
      })
      table.push([subject, ...cells])
    }
    lines.push(`\n${name}`, ...formatTable(table))
  }
  if (report.ratios.length > 0) {
    const table = [['promised', 'value', 'at least', '']]
    for (const ratio of report.ratios) {
      table.push([
        ratio.name,
        formatNumber(ratio.value),
        formatNumber(ratio.target),
        ratio.met ? 'met' : 'NOT MET',
      ])
    }
    lines.push('', ...formatTable(table))
  }
  for (const skip of report.skipped) lines.push(`skipped: ${skip.subject}, ${skip.case}: ${skip.reason}`)
  for (const note of report.notes) lines.push(`note: ${note}`)
  return lines.join('\n')
}

function formatRow(row: Row): string {
  const value = formatNumber(row.value)
  return row.low === row.value && row.high === row.value
    ? value
    : `${value} [${formatNumber(row.low)}, ${formatNumber(row.high)}]`
}

function formatNumber(value: number): string {
  if (Number.isInteger(value)) return String(value)
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 3
  return value.toFixed(digits)
}

function formatTable(table: readonly (readonly string[])[]): string[] {
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)))
  return table.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd(),
  )
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)]
}
