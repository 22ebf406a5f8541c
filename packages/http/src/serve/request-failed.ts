/** Warns of a request that failed. Of its URL only the path: whoever reads a log must not get a signature that is still good. */
export function requestFailed(error: unknown, { url = '' }: { readonly url?: string | undefined }): void {
  const [path = ''] = url.split(/[?#]/, 1)
  process.emitWarning(`${path} could not be sent: ${String(error)}`, 'FiledepotWarning')
}
