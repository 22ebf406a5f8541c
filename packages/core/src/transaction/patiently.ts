/**
 * Waits for files to be deleted, but not for a storage that does not answer: it goes on without anybody waiting.
 *
 * @param maxWait in milliseconds
 */
export async function patiently(maxWait: number, settling: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const tired = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, maxWait).unref()
  })
  await Promise.race([settling, tired])
  clearTimeout(timer)
}
