import type { Found, Head } from './head.ts'

const VIDEO = 'video/mp4'
const AUDIO = 'audio/mp4'
const QUICKTIME = 'video/quicktime'
const HEIC = 'image/heic'
const HEIC_SEQUENCE = 'image/heic-sequence'
const AVIF = 'image/avif'

/** Types by the brands that mean one thing. Others, such as `isom`, stand for films and sounds. */
const BRANDS = new Map([
  ['avif', AVIF],
  ['avis', AVIF],
  ['heic', HEIC],
  ['heix', HEIC],
  ['heim', HEIC],
  ['heis', HEIC],
  ['hevc', HEIC_SEQUENCE],
  ['hevx', HEIC_SEQUENCE],
  ['M4A ', AUDIO],
  ['M4B ', AUDIO],
  ['M4P ', AUDIO],
  ['M4V ', 'video/x-m4v'],
  ['M4VH', 'video/x-m4v'],
  ['M4VP', 'video/x-m4v'],
  ['qt  ', QUICKTIME],
  ['mjp2', 'video/mj2'],
  ['jp2 ', 'image/jp2'],
  ['jpx ', 'image/jpx'],
  ['jpm ', 'image/jpm'],
  ['jxl ', 'image/jxl'],
  ['crx ', 'image/x-canon-cr3'],
])

/** Still images and sequences. Their compatible brands name the codec. */
const HEIF = new Map([
  ['mif1', 'image/heif'],
  ['msf1', 'image/heif-sequence'],
])

/** The largest first box that is taken for one. */
const LONGEST_BRANDS = 2048

/** Files of boxes: MP4, QuickTime, HEIF, AVIF, JPEG 2000, JPEG XL. */
export function isoMediaType(head: Head): Found | undefined {
  // JPEG 2000 and JPEG XL have a box with a signature before their brands.
  const start = head.has('\0\0\0\x0cjP  \r\n\x87\n') || head.has('\0\0\0\x0cJXL \r\n\x87\n') ? 12 : 0
  const size = head.uint32BE(start)
  if (!head.has('ftyp', start + 4)) return start > 0 ? byBox(head) : beforeBrands(head)
  if (size < 16 || size > LONGEST_BRANDS) return undefined
  const brand = head.text.slice(start + 8, start + 12)
  const type = BRANDS.get(brand)
  if (type !== undefined) return { type, allows: (claim) => claim === 'image/heif' && type === HEIC }
  const heif = HEIF.get(brand)
  if (heif !== undefined) return { type: byCompatibleBrands(head, start, size) ?? heif }
  if (/^3g[gprst]/.test(brand)) return byTracks(head, 'video/3gpp', 'audio/3gpp')
  if (brand.startsWith('3g2')) return byTracks(head, 'video/3gpp2', 'audio/3gpp2')
  return byTracks(head, VIDEO, AUDIO)
}

function byBox(head: Head): Found {
  return { type: head.has('JXL ', 4) ? 'image/jxl' : 'image/jp2' }
}

/** Old films of QuickTime have no brands. */
function beforeBrands(head: Head): Found | undefined {
  const box = head.text.slice(4, 8)
  const size = head.uint32BE(0)
  const next = head.text.slice(size + 4, size + 8)
  const isFilm =
    (box === 'moov' && /^(mvhd|cmov|rmra)$/.test(head.text.slice(12, 16))) ||
    (/^(wide|free|skip|pnot)$/.test(box) && size >= 8 && /^(mdat|moov|wide|free|skip|PICT)$/.test(next)) ||
    (box === 'mdat' && (size > 8 || size === 1))
  return isFilm ? { type: QUICKTIME } : undefined
}

function byCompatibleBrands(head: Head, start: number, size: number): string | undefined {
  for (let at = start + 16; at + 4 <= start + size; at += 4) {
    const type = BRANDS.get(head.text.slice(at, at + 4))
    if (type?.startsWith('image/')) return type
  }
  return undefined
}

/** What the tracks are, which are described at the start or, unseen, at the end. */
function byTracks(head: Head, video: string, audio: string): Found {
  const { text } = head
  let hasSound = false
  for (let at = text.indexOf('hdlr'); at >= 0; at = text.indexOf('hdlr', at + 4)) {
    const kind = text.slice(at + 12, at + 16)
    if (kind === 'vide') return { type: video, allows: (claim) => claim === 'video/x-m4v' }
    hasSound ||= kind === 'soun'
  }
  if (!hasSound) return { type: video, allows: (claim) => claim === audio || claim === 'video/x-m4v' }
  return { type: audio, allows: (claim) => claim === video && !hasAllTracks(head) }
}

function hasAllTracks(head: Head): boolean {
  const at = head.text.indexOf('moov') - 4
  return at >= 0 && at + head.uint32BE(at) <= head.length
}
