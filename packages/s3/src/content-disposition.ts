import createContentDisposition from 'content-disposition'

/** How a browser shows a file: in its window, or as something to save, under its name in any script. */
export function contentDisposition(filename: string, type: 'inline' | 'attachment'): string {
  // The library's own fallback is Latin-1, which breaks signatures.
  return createContentDisposition(filename, { type, fallback: filename.replace(/[^ -~]/gu, '?') })
}
