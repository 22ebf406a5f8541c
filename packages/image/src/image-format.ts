/** Formats that can be read. HEIC and PDF need a libvips of your own: the one that comes with sharp has no codec. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'avif' | 'tiff' | 'heic' | 'svg' | 'pdf'

/** Formats that can be written. */
export type OutputFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'avif' | 'tiff'

interface FormatFacts {
  readonly contentType: string
  readonly extension: string
  /** What sharp calls it. */
  readonly id: 'jpeg' | 'png' | 'webp' | 'gif' | 'heif' | 'tiff' | 'svg' | 'pdf'
}

export const FORMATS: Readonly<Record<ImageFormat, FormatFacts>> = {
  jpeg: { contentType: 'image/jpeg', extension: '.jpg', id: 'jpeg' },
  png: { contentType: 'image/png', extension: '.png', id: 'png' },
  webp: { contentType: 'image/webp', extension: '.webp', id: 'webp' },
  gif: { contentType: 'image/gif', extension: '.gif', id: 'gif' },
  avif: { contentType: 'image/avif', extension: '.avif', id: 'heif' },
  tiff: { contentType: 'image/tiff', extension: '.tiff', id: 'tiff' },
  heic: { contentType: 'image/heic', extension: '.heic', id: 'heif' },
  svg: { contentType: 'image/svg+xml', extension: '.svg', id: 'svg' },
  pdf: { contentType: 'application/pdf', extension: '.pdf', id: 'pdf' },
}

export const OUTPUT_FORMATS: readonly OutputFormat[] = ['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff']

/** SVG and PDF are programs rather than pictures: they are read only where somebody asks for it. */
export const DEFAULT_FORMATS: readonly ImageFormat[] = ['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff', 'heic']

/** Formats that can hold several frames. */
export const ANIMATED_FORMATS: ReadonlySet<ImageFormat> = new Set(['gif', 'webp'])

/** How many bytes from the start {@link sniffFormat} looks at. */
export const HEAD_BYTES = 1024

/**
 * What the first bytes are. libvips chooses a loader by them, too, among all that it has. So nothing reaches a loader but
 * what begins, beyond doubt, like a format that was asked for.
 */
export function sniffFormat(head: Uint8Array): ImageFormat | undefined {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, HEAD_BYTES)).toString(
    'latin1',
  )
  if (text.startsWith('\xff\xd8\xff')) return 'jpeg'
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'png'
  if (/^GIF8[79]a/.test(text)) return 'gif'
  if (/^RIFF....WEBP/s.test(text)) return 'webp'
  if (text.startsWith('II*\0') || text.startsWith('MM\0*')) return 'tiff'
  if (text.startsWith('%PDF-')) return 'pdf'
  if (text.slice(4, 8) === 'ftyp') return sniffBrand(head, text)
  if (/^(\xef\xbb\xbf)?\s*<(\?xml|!--|!doctype svg|svg)/i.test(text) && /<svg[\s>]/i.test(text)) return 'svg'
  return undefined
}

/** ISO base media files name what they are: one brand first, then those that they are compatible with. */
function sniffBrand(head: Uint8Array, text: string): ImageFormat | undefined {
  const size = new DataView(head.buffer, head.byteOffset).getUint32(0)
  const brands = text.slice(8, 12) + text.slice(16, Math.min(size, text.length))
  if (/^(.{4})*avi[fs]/s.test(brands)) return 'avif'
  if (/^(.{4})*(heic|heix|heim|heis|hevc|hevx|mif1|msf1)/s.test(brands)) return 'heic'
  return undefined
}
