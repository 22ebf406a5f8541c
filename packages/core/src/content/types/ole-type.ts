import type { Found, Head } from './head.ts'

const WORD = 'application/msword'
const EXCEL = 'application/vnd.ms-excel'
const POWERPOINT = 'application/vnd.ms-powerpoint'
const OUTLOOK = 'application/vnd.ms-outlook'
const VISIO = 'application/vnd.visio'
const MSI = 'application/x-msi'

/** An unknown kind of Microsoft's compound file. */
const OLE = 'application/x-ole-storage'

/** Types by the first four bytes of the class of the root, of those classes that end as Microsoft's do. */
const CLASSES = new Map([
  [0x00020900, WORD],
  [0x00020906, WORD],
  [0x00020810, EXCEL],
  [0x00020820, EXCEL],
  [0x64818d10, POWERPOINT],
  [0x00020d0b, OUTLOOK],
  [0x00021a14, VISIO],
  [0x00021a13, VISIO],
  [0x000c1084, MSI],
  [0x000c1086, MSI],
  [0x00021201, 'application/x-mspublisher'],
  [0x74b78f3a, 'application/vnd.ms-project'],
])

/** Types by the names of streams. */
const STREAMS: readonly [name: RegExp, type: string][] = [
  [/^WordDocument$/, WORD],
  [/^(Workbook|Book)$/, EXCEL],
  [/^PowerPoint Document$/, POWERPOINT],
  [/^VisioDocument$/, VISIO],
  [/^__(properties_version1\.0|nameid_version1\.0|substg1\.0_)/, OUTLOOK],
  // Windows Installer writes the names of its tables in characters of its own.
  [/^\u4840/, MSI],
  [/^HwpSummaryInformation$/, 'application/x-hwp'],
]

const ENTRY_BYTES = 128
const LONGEST_NAME = 64

/** True for types that are OLE containers. */
export function isOleType(type: string): boolean {
  return (
    type === OLE ||
    type === 'application/vnd.ms-works' ||
    [...CLASSES.values()].includes(type) ||
    STREAMS.some(([, one]) => one === type)
  )
}

/** Looks at the directory of an OLE container if it is in the head, else at the first bytes of its content. */
export function oleType(head: Head): Found {
  return { type: byDirectory(head, directoryAt(head)) ?? byContent(head) ?? OLE }
}

/** The offset of the directory. A sector is 512 bytes, or 4096 since version 4. */
function directoryAt(head: Head): number {
  return (head.uint32(48) + 1) * (head.uint16(30) === 12 ? 4096 : 512)
}

function byDirectory(head: Head, from: number): string | undefined {
  let type: string | undefined
  for (let at = from; at + ENTRY_BYTES <= head.length && isEntry(head, at, at === from); at += ENTRY_BYTES) {
    if (at === from) type = CLASSES.get(head.uint32(at + 80))
    const name = head.bytes.toString('utf16le', at, at + Math.max(head.uint16(at + 64) - 2, 0))
    type ??= STREAMS.find(([pattern]) => pattern.test(name.replace(/^\x05/, '')))?.[1]
    if (type !== undefined) return type
  }
  return undefined
}

function isEntry(head: Head, at: number, isRoot: boolean): boolean {
  const kind = head.byte(at + 66)
  return head.uint16(at + 64) <= LONGEST_NAME && (isRoot ? kind === 5 : kind === 1 || kind === 2)
}

/** The document itself is often the first stream. */
function byContent(head: Head): string | undefined {
  const at = head.uint16(30) === 12 ? 4096 : 512
  if (head.has('\xec\xa5', at)) return WORD
  if (head.has('\x09\x08', at) && (head.uint16(at + 2) === 16 || head.uint16(at + 2) === 8)) return EXCEL
  if (head.has('\x0f\x00\xe8\x03', at) || head.has('\x00\x6e\x1e\xf0', at)) return POWERPOINT
  return undefined
}
