/** Generated texts per law suite: 1,000 in every test run, as many as `TESSERAE_LAW_TEXTS` says in a campaign. */
export const lawTexts = Number(process.env.TESSERAE_LAW_TEXTS ?? 1000)

/** A share of them, given as texts of 10,000. */
export function lawShare(of10000: number): number {
  return Math.ceil((of10000 * lawTexts) / 10_000)
}
