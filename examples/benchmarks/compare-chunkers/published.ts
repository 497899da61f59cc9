/*
 * Smith and Troynikov, "Evaluating Chunking Strategies for Retrieval", Chroma technical report, 2024: means in %
 * over all five corpora and 472 questions, five chunks retrieved. Here lie two of the corpora, 220 questions.
 */

export interface PublishedRow {
  readonly recall: number
  readonly precision: number
  readonly omega: number
  readonly iou: number
}

/** With text-embedding-3-large. Precision-omega of rows that use no embedder holds for any. */
export const publishedLarge: { readonly [row: string]: PublishedRow } = {
  'Recursive 800/400': { recall: 85.4, precision: 1.5, omega: 6.7, iou: 1.5 },
  'TokenText 800/400': { recall: 87.9, precision: 1.4, omega: 4.7, iou: 1.4 },
  'Recursive 400/200': { recall: 88.1, precision: 3.3, omega: 13.9, iou: 3.3 },
  'TokenText 400/200': { recall: 88.6, precision: 2.7, omega: 8.4, iou: 2.7 },
  'Recursive 400': { recall: 89.5, precision: 3.6, omega: 17.7, iou: 3.6 },
  'TokenText 400': { recall: 89.2, precision: 2.7, omega: 12.5, iou: 2.7 },
  'Recursive 200': { recall: 88.1, precision: 7.0, omega: 29.9, iou: 6.9 },
  'TokenText 200': { recall: 87.0, precision: 5.2, omega: 21.0, iou: 5.1 },
  'Cluster 400': { recall: 91.3, precision: 4.5, omega: 20.7, iou: 4.5 },
  'Cluster 200': { recall: 87.3, precision: 8.0, omega: 34.0, iou: 8.0 },
}

/** With all-MiniLM-L6-v2, the rows that are measured here too. */
export const publishedMiniLm: { readonly [row: string]: PublishedRow } = {
  'Recursive 250': { recall: 78.5, precision: 5.4, omega: 26.7, iou: 5.4 },
  'Recursive 200': { recall: 75.7, precision: 6.5, omega: 31.2, iou: 6.5 },
  'Cluster 200': { recall: 75.2, precision: 7.2, omega: 33.6, iou: 7.2 },
}
