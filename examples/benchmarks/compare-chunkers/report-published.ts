import type { BenchContext } from '../harness/context.js'
import type { Causes } from './causes.js'
import { publishedCorpora } from './corpora.js'
import {
  atEqualRecall,
  type EqualRecall,
  familyNames,
  publishedNames,
  publishedPieceTokens,
  type Sweep,
  smoothCurve,
  withoutCrumbs,
} from './equal-recall.js'
import { type Measured, type RetrieverName, retrieverNames } from './measure.js'
import type { PagePlot } from './page.js'
import { publishedLarge, publishedMiniLm } from './published.js'
import { strategies } from './strategies.js'
import { mean, type Results, spread } from './summary.js'

/** Beside the published table: both corpora of it that are here, taken together. */
export function reportPublished(
  context: BenchContext,
  done: ReadonlyMap<string, Results>,
  kind: 'static' | 'minilm',
) {
  const parts = publishedCorpora.flatMap((name) => done.get(name) ?? [])
  if (parts.length < publishedCorpora.length) return
  const table = kind === 'minilm' ? publishedMiniLm : publishedLarge
  const percent = (strategy: string, figures: (measured: Measured) => readonly number[]) => {
    const all = parts.map((results) => results.get(strategy))
    if (all.some((one) => one === undefined)) return undefined
    return spread(all.flatMap((one) => (one === undefined ? [] : figures(one))).map((value) => 100 * value))
  }
  const dense = (metric: string) => (measured: Measured) => measured.searches.dense.values[metric]!
  for (const { name, published } of strategies) {
    if (published === undefined) continue
    const ours = percent(name, omegaOf)
    const row = table[published.row]
    if (ours === undefined || row === undefined) continue
    const title = 'beside the published table (%), dense retrieval'
    context.row(name, title, 'omega', ours)
    const { reference } = published
    const same = reference === undefined ? undefined : percent(reference, omegaOf)
    if (same !== undefined) context.row(name, title, 'omega, published algorithm here', same.value)
    context.row(name, title, 'omega published', row.omega)
    for (const [metric, figure] of [
      ['recall', row.recall],
      ['precision', row.precision],
      ['IoU', row.iou],
    ] as const) {
      context.row(name, title, metric, percent(name, dense(metric))!.value)
      const there = reference === undefined ? undefined : percent(reference, dense(metric))
      if (there !== undefined) context.row(name, title, `${metric}, published algorithm here`, there.value)
      context.row(name, title, `${metric} published`, figure)
    }
  }
}

const equalRecallTitle = 'at equal recall with the published cluster chunker'

/**
 * The chunkers of this library beside the published cluster chunkers at the same recall. The best one is the one
 * whose worst comparison is best, over retrievers, published settings, IoU and precision-omega: one chunker for all of
 * them, with its size as the only knob. It alone has targets.
 */
export function reportEqualRecall(context: BenchContext, found: Sweep): void {
  const beside = (name: string, there: string, retriever: RetrieverName) => ({
    subject: `${name} beside ${there}, ${retriever}`,
    result: atEqualRecall(found[retriever].get(name)!, found[retriever].get(there)!, publishedPieceTokens),
  })
  const compared = familyNames.map((name) => {
    const cells = publishedNames.flatMap((there) =>
      retrieverNames.map((retriever) => beside(name, there, retriever)),
    )
    const ratios = cells.flatMap(({ result }) =>
      result === undefined ? [0] : [result.iou.ratio.value, result.omega.ratio.value],
    )
    return { name, cells, worst: Math.min(...ratios), gain: Math.exp(mean(ratios.map(Math.log))) }
  })
  const best = compared.reduce((a, b) => (b.worst > a.worst ? b : a))
  for (const family of compared) {
    for (const { subject, result } of family.cells) {
      reportCell(context, subject, result)
      if (family !== best || result === undefined) continue
      const { iou, omega } = result
      context.ratio(`IoU: ${subject}`, 100 * iou.here, 100 * iou.there)
      context.ratio(`omega: ${subject}`, 100 * omega.here, 100 * omega.there)
    }
    const { name, worst, gain } = family
    const figures =
      worst > 0
        ? `${gain.toFixed(3)} times on average, ${worst.toFixed(3)} times at worst`
        : 'does not reach every recall'
    context.note(
      `IoU and precision-omega at equal recall, beside the published cluster chunkers: ${name}, ${figures}${family === best ? ' (the best by its worst: its targets are reported)' : ''}`,
    )
  }
  for (const retriever of retrieverNames) {
    const { subject, result } = beside(withoutCrumbs, publishedNames[0], retriever)
    reportCell(context, subject, result)
  }
}

function reportCell(context: BenchContext, subject: string, result: EqualRecall | undefined): void {
  if (result === undefined) {
    context.skip(subject, equalRecallTitle, 'it does not reach that recall with any size measured')
    return
  }
  context.row(subject, equalRecallTitle, 'recall', 100 * result.recall, '%')
  context.row(subject, equalRecallTitle, 'size here', result.size, 'tokens')
  for (const [metric, { here, there, ratio }] of [
    ['IoU', result.iou],
    ['omega', result.omega],
  ] as const) {
    context.row(subject, equalRecallTitle, metric, 100 * here, '%')
    context.row(subject, equalRecallTitle, `${metric} there`, 100 * there, '%')
    context.row(subject, equalRecallTitle, `${metric} here / there`, ratio)
  }
}

/** From the published figure to the one here, one change at a time. */
export function reportCauses(context: BenchContext, found: readonly Causes[]): void {
  const title = 'why precision-omega is not the published figure (points)'
  for (const { name, published, steps, here, variants } of found) {
    context.row(name, title, 'published', published)
    for (const [change, points] of steps) context.row(name, title, change, points)
    context.row(name, title, 'here', here)
    for (const [what, omega] of variants) context.row(name, title, `(${what})`, omega)
  }
}

function omegaOf(measured: Measured): readonly number[] {
  return measured.chunking.omegaTouching
}

/** What every size measured buys, one plot a retriever. */
export function pageSweep(found: Sweep): PagePlot[] {
  return retrieverNames.map((retriever) => ({
    name: retriever,
    series: [...found[retriever].values()].map((family) => ({
      name: family.name,
      points: family.settings.map(({ recall, omega }) => [100 * mean(recall), 100 * mean(omega)] as const),
      line: smoothCurve(family).map(([recall, omega]) => [100 * recall, 100 * omega] as const),
    })),
  }))
}
