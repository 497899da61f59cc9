/** What is being made, or the abort; a model that is ready too late is freed again. */
export async function orDispose<T extends { dispose(): Promise<void> }>(
  making: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return making
  let leave = () => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    leave = () => reject(signal.reason)
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
  })
  try {
    return await Promise.race([making, aborted])
  } catch (error) {
    if (signal.aborted) {
      making.then(
        (made) => made.dispose(),
        () => {},
      )
    }
    throw error
  } finally {
    signal.removeEventListener('abort', leave)
  }
}
