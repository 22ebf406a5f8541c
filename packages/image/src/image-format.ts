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

/** SVG and PDF are programs rather than pictures: they are accepted only if an option names them. */
export const DEFAULT_FORMATS: readonly ImageFormat[] = ['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff', 'heic']

/** Formats that can hold several frames. */
export const ANIMATED_FORMATS: ReadonlySet<ImageFormat> = new Set(['gif', 'webp'])

/** How many bytes from the start {@link sniffFormat} looks at. */
export const HEAD_BYTES = 1024

/**
 * The format that the first bytes prove, or `undefined`.
 *
 * libvips chooses a loader by the first bytes, too. If it finds another one than this does, an attacker reaches a loader
 * that is not accepted. So each signature here is at least as strict as that of libvips. `assertDecoderAgrees` compares the
 * two before any pixel is decoded.
 */
export function sniffFormat(head: Uint8Array): ImageFormat | undefined {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, HEAD_BYTES)).toString(
    'latin1',
  )
  if (text.startsWith('\xff\xd8\xff')) return 'jpeg'
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'png'
  if (/^GIF8[79]a/.test(text)) return 'gif'
  if (/^RIFF....WEBP/s.test(text)) return isWebp(head) ? 'webp' : undefined
  // With a plus, BigTIFF.
  if (/^(?:II[*+]\0|MM\0[*+])/.test(text)) return 'tiff'
  if (text.startsWith('%PDF-')) return 'pdf'
  if (text.slice(4, 8) === 'ftyp') return sniffBrand(head, text)
  if (/^(\xef\xbb\xbf)?\s*<(\?xml|!--|!doctype svg|svg)/i.test(text) && /<svg[\s>]/i.test(text)) return 'svg'
  return undefined
}

/** True if librsvg would take the bytes for a drawing: it wants 24 characters of ASCII, and `<svg` in the first thousand. */
export function looksLikeSvg(head: Uint8Array): boolean {
  const start = head.subarray(0, HEAD_BYTES)
  return (
    start.subarray(0, 24).every((byte) => byte < 128) && /<svg/i.test(Buffer.from(start).toString('latin1'))
  )
}

/** What libwebp wants of the first chunk. Without it, libvips asks its other loaders. */
function isWebp(head: Uint8Array): boolean {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
  if (bytes.byteLength < 30) return false
  switch (bytes.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return bytes.toString('latin1', 23, 26) === '\x9d\x01\x2a'
    case 'VP8L':
      return bytes[20] === 0x2f && (bytes.readUInt8(24) & 0xe0) === 0
    case 'VP8X':
      return bytes.readUInt32LE(16) === 10
    default:
      return false
  }
}

/** The most bytes that libvips reads of the first box. */
const LONGEST_BRANDS = 2048

/** ISO base media files name what they are: one brand first, then those that they are compatible with. */
function sniffBrand(head: Uint8Array, text: string): ImageFormat | undefined {
  const size = new DataView(head.buffer, head.byteOffset).getUint32(0)
  // The size of the box comes before its name, so `<!--ftyp` is a box of a gigabyte.
  if (size < 16 || size > LONGEST_BRANDS || size % 4 !== 0) return undefined
  const brands = text.slice(8, 12) + text.slice(16, Math.min(size, text.length))
  if (/^(.{4})*avi[fs]/s.test(brands)) return 'avif'
  if (/^(.{4})*(heic|heix|heim|heis|hevc|hevx|mif1|msf1)/s.test(brands)) return 'heic'
  return undefined
}
