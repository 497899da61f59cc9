/** Grades by document id; a document that is missing, or graded 0 or less, is not relevant. */
export type Relevance = ReadonlyMap<string, number>

export interface EvaluationDocument {
  readonly id: string
  readonly title: string
  readonly text: string
}

export interface EvaluationQuery {
  readonly id: string
  readonly text: string
}

/** Documents, queries and who is relevant to whom, as in the BEIR layout. */
export interface RetrievalDataset {
  readonly name: string
  readonly documents: readonly EvaluationDocument[]
  readonly queries: readonly EvaluationQuery[]
  /** Judgements by query id. Queries without a relevant document are left out of averages. */
  readonly relevance: ReadonlyMap<string, Relevance>
}

/** The queries that have at least one relevant document, in the order of the data set. */
export function judgedQueries(dataset: RetrievalDataset): readonly EvaluationQuery[] {
  return dataset.queries.filter((query) => {
    for (const grade of dataset.relevance.get(query.id)?.values() ?? []) if (grade > 0) return true
    return false
  })
}
