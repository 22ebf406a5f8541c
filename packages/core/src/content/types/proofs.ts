import type { Found, Head } from './head.ts'

const BMP_HEADERS = new Set([12, 16, 40, 52, 56, 64, 108, 124])

export function isBmp(head: Head): boolean {
  const size = head.uint32(14)
  return BMP_HEADERS.has(size) && head.uint16(size === 12 ? 22 : 26) === 1
}

/** What cameras make of TIFF. */
const RAW =
  /^image\/(x-adobe-dng|x-nikon-nef|x-nikon-nrw|x-sony-arw|x-sony-sr2|x-pentax-pef|x-epson-erf|x-kodak-\w+)$/

export function tiffType(head: Head): Found {
  if (head.has('CR', 8)) return { type: 'image/x-canon-cr2' }
  return { type: 'image/tiff', allows: (claim) => RAW.test(claim) }
}

/** Icons and pointers: the first of their images lies behind the list of all. */
export function isIcon(head: Head): boolean {
  const count = head.uint16(4)
  return count > 0 && count < 256 && head.uint32(14) > 0 && head.uint32(18) >= 6 + 16 * count
}

export function isPcx(head: Head): boolean {
  const [version, coding, bits] = [head.byte(1), head.byte(2), head.byte(3)]
  const planes = head.byte(65)
  return (
    version < 6 &&
    coding < 2 &&
    [1, 2, 4, 8].includes(bits) &&
    planes > 0 &&
    planes < 5 &&
    head.byte(64) === 0
  )
}

export function isNetpbm(head: Head): boolean {
  return /^P[4-6]\s+(?:#.*\n\s*)*\d+\s+\d+\s/.test(head.text.slice(0, 512))
}

export function isSgi(head: Head): boolean {
  const [bytesPerPixel, dimensions] = [head.byte(3), head.uint16BE(4)]
  return (bytesPerPixel === 1 || bytesPerPixel === 2) && dimensions > 0 && dimensions < 4
}

/** TrueType: the number of tables, the same in another form, and the name of the first. */
export function isSfnt(head: Head): boolean {
  const tables = head.uint16BE(4)
  const range = 16 * 2 ** Math.floor(Math.log2(tables))
  return tables > 0 && head.uint16BE(6) === range && /^[ -~]{4}/.test(head.text.slice(12, 16))
}

export function isEmbeddedFont(head: Head): boolean {
  return [0x10000, 0x20001, 0x20002].includes(head.uint32(8)) && head.uint32(4) < head.uint32(0)
}

/** A program of Windows, or one of DOS, which has a number of pages and of bytes in the last. */
export function isDosProgram(head: Head): boolean {
  return (
    head.has('PE\0\0', head.uint32(60)) || (head.uint16(2) < 512 && head.uint16(4) > 0 && head.uint16(8) > 1)
  )
}

const ELF_TYPES = ['object', 'executable', 'sharedlib', 'coredump']

export function elfType(head: Head): Found {
  const kind = ELF_TYPES[(head.byte(5) === 2 ? head.uint16BE(16) : head.uint16(16)) - 1]
  return { type: kind === undefined ? 'application/x-elf' : `application/x-${kind}` }
}

/** Classes of Java have a version from 45 up, universal programs of macOS a number of parts. */
export function javaOrMachType(head: Head): Found {
  return { type: head.uint16BE(6) >= 45 ? 'application/java-vm' : 'application/x-mach-binary' }
}

export function isFlash(head: Head): boolean {
  return head.byte(3) > 0 && head.byte(3) < 64 && head.uint32(4) > 8
}

const TAR_BYTES = 512
const SUM_AT = 148

/** The oldest kind of tar has no signature, but a sum of its first block. */
export function isOldTar(head: Head): boolean {
  const [digits] = /^ *[0-7]+/.exec(head.text.slice(SUM_AT, SUM_AT + 8)) ?? []
  if (digits === undefined || head.length < TAR_BYTES || head.byte(0) === 0) return false
  const block = head.bytes.subarray(0, TAR_BYTES)
  const sum = block.reduce((total, byte, at) => total + (at >= SUM_AT && at < SUM_AT + 8 ? 32 : byte), 0)
  return sum === parseInt(digits, 8)
}
