import type { Found, Head } from './head.ts'

const JAR = 'application/java-archive'
const APK = 'application/vnd.android.package-archive'
const EPUB = 'application/epub+zip'

/** Kinds of Office documents, by the folder that only they have. */
const OFFICE = [
  office('word/', 'wordprocessingml.document', 'word', 'document'),
  office('xl/', 'spreadsheetml.sheet', 'excel', 'sheet'),
  office('ppt/', 'presentationml.presentation', 'powerpoint', 'presentation'),
]

function office(folder: string, name: string, program: string, kind: string) {
  const [language = ''] = name.split('.')
  return {
    folder,
    type: `application/vnd.openxmlformats-officedocument.${name}`,
    withMacros: `application/vnd.ms-${program}.${kind}.macroenabled.12`,
    members: new RegExp(
      `^application/vnd\\.(openxmlformats-officedocument\\.${language}\\.|ms-${program}\\.[\\w.]+\\.12$)`,
    ),
  }
}

/** Entries of every Office document. */
const PACKAGE = /^(\[Content_Types\]\.xml$|_rels\/|docProps\/|customXml\/)/

/** Formats that are ZIP archives, and that nothing at their start tells apart. */
const OTHERS =
  /^(application\/(.+\+zip|vnd\.google-earth\.kmz|vnd\.ms-xpsdocument|oxps|x-xpinstall|x-ios-app|vnd\.apple\.\w+)|model\/3mf)$/

/** True for types that are ZIP archives. */
export function isZipType(type: string): boolean {
  return (
    [JAR, APK, 'application/zip'].includes(type) ||
    type.startsWith('application/vnd.oasis.opendocument.') ||
    OFFICE.some(({ members }) => members.test(type)) ||
    OTHERS.test(type)
  )
}

/** Looks at the entries of a ZIP archive that are in the head. */
export function zipType(head: Head): Found {
  const { names, mimetype, isComplete } = listEntries(head)
  if (mimetype !== undefined && isZipType(mimetype)) return { type: mimetype }
  const has = (start: string) => names.some((name) => name.startsWith(start))
  const isPackage = names.some((name) => PACKAGE.test(name))

  for (const { folder, type, withMacros, members } of OFFICE) {
    if (!isPackage || !has(folder)) continue
    // Macros are never hidden behind a claim to be a document without them.
    if (has(`${folder}vbaProject.bin`))
      return { type: withMacros, allows: (claim) => members.test(claim) && claim.endsWith('.12') }
    return { type, allows: (claim) => members.test(claim) }
  }
  if (has('AndroidManifest.xml')) return { type: APK }
  if (has('META-INF/MANIFEST.MF'))
    return {
      type: JAR,
      allows: (claim) => (claim === APK && !isComplete) || claim === 'application/x-xpinstall',
    }
  if (has('META-INF/container.xml')) return { type: EPUB }
  return {
    type: 'application/zip',
    allows: (claim) => {
      if (claim.startsWith('application/vnd.oasis.')) return has('META-INF/manifest.xml')
      if (claim === EPUB) return false
      if (claim === JAR || claim === APK) return !isComplete
      if (OFFICE.some(({ members }) => members.test(claim))) return isPackage && !isComplete
      return OTHERS.test(claim)
    },
  }
}

interface Listing {
  readonly names: string[]
  /** The content of an entry of this name that is the first, as EPUB and OpenDocument have it. */
  mimetype?: string
  /** False if there may be more entries behind the head. */
  isComplete: boolean
}

function listEntries(head: Head): Listing {
  const listing: Listing = { names: [], isComplete: false }
  let at = 0
  while (head.has('PK\x03\x04', at) && at + 30 < head.length) {
    const start = at + 30
    const end = start + head.uint16(at + 26)
    if (end > head.length) return listing
    const name = head.text.slice(start, end)
    const content = end + head.uint16(at + 28)
    const size = head.uint32(at + 18)
    if (at === 0 && name === 'mimetype' && head.uint16(at + 8) === 0)
      listing.mimetype = head.text
        .slice(content, content + Math.min(size, 128))
        .trim()
        .toLowerCase()
    listing.names.push(name)
    // Written as a stream, an entry has its size behind its content.
    const isSizeKnown = (head.uint16(at + 6) & 8) === 0 && size < 0xff_ff_ff_ff
    at = isSizeKnown ? content + size : nextRecord(head, content)
  }
  listing.isComplete = head.has('PK\x01\x02', at) || head.has('PK\x05\x06', at)
  return listing
}

function nextRecord(head: Head, from: number): number {
  let at = head.text.indexOf('PK', from)
  while (at >= 0 && !head.has('\x03\x04', at + 2) && !head.has('\x01\x02', at + 2))
    at = head.text.indexOf('PK', at + 2)
  return at < 0 ? head.length : at
}
