import { type Hit, isRagError } from '@tesserae/core'
import { rerankerLaws, seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { extractFeatures } from '../features/feature.js'
import { chunkFeature } from '../features/metadata.js'
import { fieldMatchFeature, priorFeature } from '../features/scores.js'
import { trainLambdaMart } from './lambda-mart.js'
import { Lambdas, meanNdcg } from './lambdas.js'
import { learnedReranker } from './learned-reranker.js'
import { trainLinearRanker } from './linear.js'
import { parseRankingModel, type RankingModel, scoreRows } from './model.js'
import { judgeFeatures, type TrainingSet, tableOf } from './training-set.js'

/** Queries of 20 hits with three features in 0–1, graded by a rule; some grades are wrong on purpose. */
function synthetic(
  seed: number,
  queries: number,
  grade: (a: number, b: number) => number,
  noise = 0.05,
): TrainingSet {
  const random = seededRandom(seed)
  return {
    names: ['a', 'b', 'noise'],
    queries: Array.from({ length: queries }, () => {
      const rows = Array.from({ length: 20 }, () => [random(), random(), random()] as const)
      return {
        values: rows.flat(),
        grades: rows.map(([a, b]) => (random.chance(noise) ? random.integer(0, 2) : grade(a, b))),
      }
    }),
  }
}
const ndcg = (model: RankingModel, set: TrainingSet) => {
  const { values, grades, starts } = tableOf('set', set)
  return meanNdcg(scoreRows(model, values), grades, starts, 10)
}
const straight = (a: number, b: number) => (a - 0.5 * b > 0.6 ? 2 : a - 0.5 * b > 0.3 ? 1 : 0)
/** Either high, but not both: no weighted sum can tell. */
const bent = (a: number, b: number) => (a > 0.7 !== b > 0.7 ? 1 : 0)
const codeOf = (action: () => unknown) => {
  try {
    action()
  } catch (error) {
    return isRagError(error) ? error.code : error
  }
  return 'nothing thrown'
}

describe('lambdas', () => {
  it('are what a swap would change times the doubt, by hand', () => {
    const gradients = new Float64Array(3)
    const curvatures = new Float64Array(3)
    // Ranks: b, a, c. Grades 1, 0, 0; the best gain is 1 / log2(2) = 1.
    new Lambdas(10).compute(Float64Array.of(1, 2, 0), Float64Array.of(1, 0, 0), 0, 3, gradients, curvatures)
    const swapWithFirst = 1 - 1 / Math.log2(3)
    const swapWithLast = 1 / Math.log2(3) - 1 / 2
    const doubtFirst = 1 / (1 + Math.exp(1 - 2))
    const doubtLast = 1 / (1 + Math.exp(1 - 0))
    expect(gradients[0]).toBeCloseTo(swapWithFirst * doubtFirst + swapWithLast * doubtLast, 12)
    expect(gradients[1]).toBeCloseTo(-swapWithFirst * doubtFirst, 12)
    expect(gradients[2]).toBeCloseTo(-swapWithLast * doubtLast, 12)
    expect(curvatures[1]).toBeCloseTo(swapWithFirst * doubtFirst * (1 - doubtFirst), 12)
  })

  it('look only at pairs with one above the cutoff, and find nothing where nothing is relevant', () => {
    const gradients = new Float64Array(4).fill(7)
    const curvatures = new Float64Array(4).fill(7)
    new Lambdas(1).compute(
      Float64Array.of(4, 3, 2, 1),
      Float64Array.of(1, 0, 1, 0),
      0,
      4,
      gradients,
      curvatures,
    )
    expect(gradients[2]).toBe(0)
    expect(gradients[0]).toBeGreaterThan(0)
    new Lambdas(5).compute(new Float64Array(4), new Float64Array(4), 0, 4, gradients, curvatures)
    expect([...gradients, ...curvatures]).toEqual(new Array(8).fill(0))
  })

  it('measure nDCG with exponential gains', () => {
    // The worked example of graded lists: 3, 1, 2, 0 against the ideal 3, 2, 1, 0.
    const scores = Float64Array.of(4, 3, 2, 1)
    expect(meanNdcg(scores, Float64Array.of(3, 1, 2, 0), Uint32Array.of(0, 4), 10)).toBeCloseTo(
      0.9721212198,
      9,
    )
    expect(meanNdcg(scores, Float64Array.of(3, 1, 2, 0), Uint32Array.of(0, 4), 2)).toBeCloseTo(
      0.8581030687,
      9,
    )
  })
})

describe('trainLinearRanker', () => {
  const train = synthetic(1, 60, straight)
  const held = synthetic(2, 60, straight)

  it('learns a straight rule and ranks queries it has not seen by it', () => {
    const model = trainLinearRanker(train)
    const [a, b, noise] = model.weights
    expect(a).toBeGreaterThan(0)
    expect(b! / a!).toBeGreaterThan(-0.65)
    expect(b! / a!).toBeLessThan(-0.35)
    expect(Math.abs(noise! / a!)).toBeLessThan(0.1)
    expect(ndcg(model, held)).toBeGreaterThan(0.9)
    const untrained = { kind: 'linear', names: train.names, weights: [0, 0, 1] } as const
    expect(ndcg(untrained, held)).toBeLessThan(0.6)
  })

  it('gives the same model for the same seed, and the same ranks in other units', () => {
    expect(trainLinearRanker(train, { seed: 5 })).toEqual(trainLinearRanker(train, { seed: 5 }))
    expect(trainLinearRanker(train, { seed: 5 })).not.toEqual(trainLinearRanker(train, { seed: 6 }))
    const inMeters: TrainingSet = {
      names: train.names,
      queries: train.queries.map(({ values, grades }) => ({
        values: Array.from(values, (value, at) => (at % 3 === 0 ? value * 4096 + 100 : value)),
        grades,
      })),
    }
    const plain = trainLinearRanker(train)
    const scaled = trainLinearRanker(inMeters)
    expect(scaled.weights[0]! * 4096).toBeCloseTo(plain.weights[0]!, 6)
    expect(scaled.weights[1]).toBeCloseTo(plain.weights[1]!, 6)
  })

  it('gives a feature that never changes no weight', () => {
    const set = {
      names: ['a', 'constant'],
      queries: [{ values: [1, 5, 0, 5], grades: [1, 0] }],
    }
    expect(trainLinearRanker(set).weights[1]).toBe(0)
  })
})

describe('trainLambdaMart', () => {
  const train = synthetic(3, 80, bent)
  const held = synthetic(4, 60, bent)

  it('learns a rule that no weighted sum can express', () => {
    const model = trainLambdaMart(train)
    const { values, grades, starts } = tableOf('held', held)
    const truth = Float64Array.from(grades, (_, row) => bent(values[row * 3]!, values[row * 3 + 1]!))
    const possible = meanNdcg(truth, grades, starts, 10)
    expect(ndcg(model, held)).toBeGreaterThan(possible - 0.03)
    expect(ndcg(trainLinearRanker(train), held)).toBeLessThan(possible - 0.15)
  })

  it('gives the same model for the same seed', () => {
    const options = { trees: 8, featureShare: 0.5 }
    expect(trainLambdaMart(train, { ...options, seed: 5 })).toEqual(
      trainLambdaMart(train, { ...options, seed: 5 }),
    )
    expect(trainLambdaMart(train, { ...options, seed: 5 })).not.toEqual(
      trainLambdaMart(train, { ...options, seed: 6 }),
    )
  })

  it('keeps to its limits, and stops when the queries it watches get no better', () => {
    const small = trainLambdaMart(train, { trees: 3, leavesPerTree: 4, minRowsPerLeaf: 100 })
    expect(small.trees.length).toBe(3)
    for (const tree of small.trees) {
      expect(tree.feature.filter((feature) => feature === -1).length).toBeLessThanOrEqual(4)
    }
    const nothing = synthetic(5, 40, () => 0, 1)
    const watched = trainLambdaMart(nothing, { validation: synthetic(6, 40, () => 0, 1), patience: 5 })
    expect(watched.trees.length).toBeLessThan(60)
    expect(trainLambdaMart(train, { minRowsPerLeaf: 100_000 }).trees).toEqual([])
  })

  it('can correct a linear model, and leaves it alone where trees would only harm', () => {
    const few = synthetic(9, 12, straight)
    const linear = trainLinearRanker(few)
    const watched = synthetic(10, 12, straight)
    const corrected = trainLambdaMart(few, { startFrom: linear, validation: watched })
    expect(ndcg(corrected, watched)).toBeGreaterThanOrEqual(ndcg(linear, watched))
    expect(parseRankingModel(JSON.parse(JSON.stringify(corrected)))).toEqual(corrected)
    const untouched = trainLambdaMart(few, { startFrom: linear, minRowsPerLeaf: 100_000 })
    const { values } = watched.queries[0]!
    expect(scoreRows(untouched, values)).toEqual(scoreRows(linear, values))
    const helped = trainLambdaMart(train, { startFrom: trainLinearRanker(train) })
    expect(ndcg(helped, held)).toBeGreaterThan(ndcg(trainLinearRanker(train), held) + 0.1)
    const other = { ...linear, names: ['b', 'a', 'noise'] }
    expect(codeOf(() => trainLambdaMart(few, { startFrom: other }))).toBe('incompatible')
  })

  it('splits values that are few, equal, or neighbours', () => {
    const next = 1 + Number.EPSILON
    const set: TrainingSet = {
      names: ['x'],
      queries: Array.from({ length: 30 }, () => ({ values: [1, next, 1, next], grades: [0, 1, 0, 1] })),
    }
    const model = trainLambdaMart(set, { trees: 5 })
    const [low, high] = scoreRows(model, [1, next])
    expect(high).toBeGreaterThan(low!)
    const flat: TrainingSet = { names: ['x'], queries: [{ values: [1, 1], grades: [0, 1] }] }
    expect(trainLambdaMart(flat, { minRowsPerLeaf: 1 }).trees).toEqual([])
  })
})

describe('models as data', () => {
  const train = synthetic(7, 30, bent)

  it('come back from JSON with the same scores', () => {
    for (const model of [trainLinearRanker(train), trainLambdaMart(train, { trees: 10 })]) {
      const back = parseRankingModel(JSON.parse(JSON.stringify(model)))
      expect(back).toEqual(model)
      const { values } = train.queries[0]!
      expect(scoreRows(back, values)).toEqual(scoreRows(model, values))
    }
  })

  it('are refused when they are broken, and cannot loop', () => {
    const tree = {
      feature: [0, -1, -1],
      threshold: [0, 0, 0],
      left: [1, 0, 0],
      right: [2, 0, 0],
      value: [0, 1, 2],
    }
    const trees = { kind: 'trees', names: ['a'], trees: [tree] }
    expect([...scoreRows(parseRankingModel(trees), [-1, 1])]).toEqual([1, 2])
    for (const broken of [
      undefined,
      null,
      'linear',
      { kind: 'linear', names: [], weights: [] },
      { kind: 'linear', names: ['a', 'a'], weights: [1, 1] },
      { kind: 'linear', names: ['a'], weights: [Number.NaN] },
      { kind: 'linear', names: ['a'], weights: [1, 2] },
      { kind: 'forest', names: ['a'] },
      { ...trees, weights: [1, 2] },
      { ...trees, weights: 'none' },
      { kind: 'trees', names: ['a'], trees: {} },
      { ...trees, trees: [null] },
      { ...trees, trees: [{ ...tree, left: [0, 0, 0] }] },
      { ...trees, trees: [{ ...tree, right: [9, 0, 0] }] },
      { ...trees, trees: [{ ...tree, feature: [1, -1, -1] }] },
      { ...trees, trees: [{ ...tree, feature: [0.5, -1, -1] }] },
      { ...trees, trees: [{ ...tree, value: [0, 1] }] },
      { ...trees, trees: [{ feature: [], threshold: [], left: [], right: [], value: [] }] },
    ])
      expect(codeOf(() => parseRankingModel(broken))).toBe('corrupt-data')
  })
})

describe('learnedReranker', () => {
  const hits: Hit[] = ['the lease', 'the deposit of the lease', 'pets'].map((text, place) => ({
    chunk: {
      id: `${place}`,
      documentId: 'd',
      index: place,
      start: 0,
      end: text.length,
      text,
      headings: [],
      metadata: {},
    },
    score: 3 - place,
    trace: [],
  }))
  const words = fieldMatchFeature({ name: 'words' })
  const features = [priorFeature(), words]

  it('learns from its own log', async () => {
    const query = 'deposit lease'
    const rows = extractFeatures(features, query, hits)
    const judged = judgeFeatures(rows, new Map([['1', 2]]))
    expect(judged.grades).toEqual([0, 2, 0])
    const model = trainLinearRanker({ names: rows.names, queries: [judged] })
    const reranker = learnedReranker({ model, features: [words, priorFeature()] })
    const result = await reranker.rerank(query, hits, { limit: 2 })
    expect(result[0]!.chunk.id).toBe('1')
    expect(result[0]!.trace).toMatchObject([{ stage: 'learned', kind: 'feature', rank: 1 }])
  })

  it('refuses features that are not the model’s', () => {
    const model = { kind: 'linear', names: ['prior', 'words'], weights: [1, 1] } as const
    expect(codeOf(() => learnedReranker({ model, features: [words] }))).toBe('incompatible')
    const more = [...features, chunkFeature({ name: 'more', of: () => 1 })]
    expect(codeOf(() => learnedReranker({ model, features: more }))).toBe('incompatible')
    expect(codeOf(() => learnedReranker({ model: {} as never, features }))).toBe('corrupt-data')
  })

  it('refuses sets that teach nothing or do not fit', () => {
    const names = ['a']
    for (const set of [
      { names: [], queries: [] },
      { names, queries: [] },
      { names, queries: [{ values: [1, 2], grades: [1, 1] }] },
      { names, queries: [{ values: [1], grades: [1, 0] }] },
      { names, queries: [{ values: [1, Number.NaN], grades: [1, 0] }] },
      { names, queries: [{ values: [1, 2], grades: [-1, 0] }] },
    ]) {
      expect(codeOf(() => trainLinearRanker(set))).toBe('invalid-argument')
      expect(codeOf(() => trainLambdaMart(set))).toBe('invalid-argument')
    }
    const set = { names, queries: [{ values: [1, 2], grades: [1, 0] }] }
    expect(codeOf(() => trainLambdaMart(set, { validation: { ...set, names: ['b'] } }))).toBe('incompatible')
    expect(codeOf(() => trainLambdaMart(set, { leavesPerTree: 1 }))).toBe('invalid-argument')
    expect(codeOf(() => trainLinearRanker(set, { epochs: 0 }))).toBe('invalid-argument')
  })

  const model = trainLambdaMart(synthetic(8, 20, bent), { trees: 5 })
  for (const law of rerankerLaws(() =>
    learnedReranker({
      model: { ...model, names: ['prior', 'words', 'length'] },
      features: [...features, chunkFeature({ name: 'length', of: ({ text }) => text.length / 1000 })],
    }),
  ))
    it(law.name, () => law.run())
})
