import { framesType, id3Type, transportStreamType } from './audio-frames.ts'
import type { Found, Head } from './head.ts'
import { isoMediaType } from './iso-media-type.ts'
import { asfType, matroskaType, oggType, riffType } from './media-type.ts'
import { isOleType, oleType } from './ole-type.ts'
import {
  elfType,
  isBmp,
  isDosProgram,
  isEmbeddedFont,
  isFlash,
  isIcon,
  isNetpbm,
  isOldTar,
  isPcx,
  isSfnt,
  isSgi,
  javaOrMachType,
  tiffType,
} from './proofs.ts'
import { isZipType, zipType } from './zip-type.ts'

type Proof = (head: Head) => Found | boolean | undefined

/** What binary files begin with, or have at an offset. What is shorter than four bytes has a second proof. */
const SIGNATURES: readonly [magic: string, type: string, proof?: Proof | undefined, at?: number][] = [
  // Images
  ['\x89PNG\r\n\x1a\n', 'image/png'],
  ['\xff\xd8\xff', 'image/jpeg', (head) => head.byte(3) >= 0xc0],
  ['GIF87a', 'image/gif'],
  ['GIF89a', 'image/gif'],
  ['BM', 'image/bmp', isBmp],
  ['II*\0', 'image/tiff', tiffType],
  ['MM\0*', 'image/tiff', tiffType],
  ['II+\0', 'image/tiff'],
  ['MM\0+', 'image/tiff'],
  ['IIRO', 'image/x-olympus-orf'],
  ['IIRS', 'image/x-olympus-orf'],
  ['IIU\0', 'image/x-panasonic-rw2'],
  ['II\xbc\x01', 'image/jxr'],
  ['FUJIFILMCCD-RAW', 'image/x-fuji-raf'],
  ['FOVb', 'image/x-sigma-x3f'],
  ['\0\0\x01\0', 'image/vnd.microsoft.icon', isIcon],
  ['\0\0\x02\0', 'image/x-win-bitmap', isIcon],
  ['8BPS\0', 'image/vnd.adobe.photoshop'],
  ['\xff\x4f\xff\x51', 'image/x-jp2-codestream'],
  ['\xff\x0a', 'image/jxl', (head) => head.length > 32],
  ['icns', 'image/x-icns'],
  ['DDS \x7c\0\0\0', 'image/vnd.ms-dds'],
  ['v/1\x01', 'image/x-exr'],
  ['qoif', 'image/x-qoi'],
  ['#?RADIANCE', 'image/vnd.radiance'],
  ['SIMPLE  =', 'image/fits'],
  ['AT&TFORM', 'image/vnd.djvu'],
  ['gimp xcf', 'image/x-xcf'],
  ['BPG\xfb', 'image/bpg'],
  ['FLIF', 'image/flif'],
  ['SDPX', 'image/x-dpx'],
  ['XPDS', 'image/x-dpx'],
  ['\xabKTX ', 'image/ktx'],
  ['\xd7\xcd\xc6\x9a', 'image/wmf'],
  ['\x01\0\0\0', 'image/emf', (head) => head.has(' EMF', 40)],
  ['\x0a', 'image/vnd.zbrush.pcx', isPcx],
  ['P4', 'image/x-portable-bitmap', isNetpbm],
  ['P5', 'image/x-portable-graymap', isNetpbm],
  ['P6', 'image/x-portable-pixmap', isNetpbm],
  ['\x01\xda\0', 'image/x-sgi', isSgi],
  ['\x01\xda\x01', 'image/x-sgi', isSgi],
  ['AC10', 'image/vnd.dwg'],

  // Sound and films
  ['RIFF', 'audio/wav', riffType],
  ['RF64', 'audio/wav', (head) => head.has('WAVE', 8)],
  ['ID3', 'audio/mpeg', id3Type],
  ['\xff', 'audio/mpeg', framesType],
  ['fLaC', 'audio/flac'],
  ['OggS', 'application/ogg', oggType],
  ['FORM', 'audio/aiff', (head) => head.has('AIFF', 8) || head.has('AIFC', 8)],
  ['.snd\0', 'audio/basic'],
  ['MThd\0\0\0\x06', 'audio/midi'],
  ['#!AMR', 'audio/amr'],
  ['caff\0\x01', 'audio/x-caf'],
  ['MAC ', 'audio/x-ape'],
  ['wvpk', 'audio/x-wavpack'],
  ['MPCK', 'audio/x-musepack'],
  ['MP+', 'audio/x-musepack', (head) => (head.byte(3) & 15) === 7],
  ['TTA1', 'audio/x-tta'],
  ['DSD \x1c\0\0\0', 'audio/x-dsf'],
  ['Creative Voice File\x1a', 'audio/x-voc'],
  ['IMPM', 'audio/x-it'],
  ['Extended Module: ', 'audio/x-xm'],
  ['\x0bw', 'audio/ac3', (head) => head.byte(4) >> 6 < 3 && head.byte(5) >> 3 <= 16 && head.length > 64],
  ['\x1aE\xdf\xa3', 'video/x-matroska', matroskaType],
  ['0&\xb2u\x8ef\xcf\x11', 'video/x-ms-asf', asfType],
  ['FLV\x01', 'video/x-flv'],
  ['\0\0\x01\xba', 'video/mpeg', (head) => head.byte(4) >> 6 === 1 || head.byte(4) >> 4 === 2],
  ['\0\0\x01\xb3', 'video/mpeg'],
  ['.RMF\0', 'application/vnd.rn-realmedia'],
  ['\x06\x0e+4\x02\x05\x01\x01\x0d\x01\x02\x01', 'application/mxf'],

  // Fonts
  ['wOFF', 'font/woff'],
  ['wOF2', 'font/woff2'],
  ['OTTO\0', 'font/otf'],
  ['\0\x01\0\0\0', 'font/ttf', isSfnt],
  ['true\0', 'font/ttf', isSfnt],
  ['ttcf\0', 'font/collection'],
  ['\x80\x01', 'application/x-font-type1', (head) => head.has('%!', 6)],

  // Archives and compressed files
  ['PK\x03\x04', 'application/zip', zipType],
  ['PK\x05\x06', 'application/zip'],
  ['PK00PK\x03\x04', 'application/zip'],
  ['\x1f\x8b', 'application/gzip', (head) => head.byte(2) === 8 && head.byte(3) < 32],
  ['BZh', 'application/x-bzip2', (head) => head.has('1AY&SY', 4) || head.has('\x17rE8P\x90', 4)],
  ['\xfd7zXZ\0', 'application/x-xz'],
  ['7z\xbc\xaf\x27\x1c', 'application/x-7z-compressed'],
  ['Rar!\x1a\x07', 'application/vnd.rar'],
  ['\x28\xb5\x2f\xfd', 'application/zstd'],
  ['\x04"M\x18', 'application/x-lz4'],
  ['LZIP\x01', 'application/x-lzip'],
  ['\x1f\x9d', 'application/x-compress', (head) => (head.byte(2) & 31) >= 9 && (head.byte(2) & 31) <= 16],
  ['MSCF\0\0\0\0', 'application/vnd.ms-cab-compressed'],
  ['!<arch>\ndebian-binary', 'application/vnd.debian.binary-package'],
  ['!<arch>\n', 'application/x-archive'],
  ['\xed\xab\xee\xdb', 'application/x-rpm'],
  ['07070', 'application/x-cpio', (head) => '127'.includes(head.text.charAt(5))],
  ['xar!\0', 'application/x-xar'],
  ['hsqs', 'application/x-squashfs'],
  ['MSWIM\0\0\0', 'application/x-ms-wim'],
  ['Cr24', 'application/x-chrome-extension'],

  // Programs
  ['MZ', 'application/vnd.microsoft.portable-executable', isDosProgram],
  ['\x7fELF', 'application/x-elf', elfType],
  ['\xfe\xed\xfa\xce', 'application/x-mach-binary'],
  ['\xfe\xed\xfa\xcf', 'application/x-mach-binary'],
  ['\xce\xfa\xed\xfe', 'application/x-mach-binary'],
  ['\xcf\xfa\xed\xfe', 'application/x-mach-binary'],
  ['\xca\xfe\xba\xbe', 'application/java-vm', javaOrMachType],
  ['\0asm', 'application/wasm'],
  ['dex\n03', 'application/x-dex'],
  ['BC\xc0\xde', 'application/x-llvm'],
  ['FWS', 'application/x-shockwave-flash', isFlash],
  ['CWS', 'application/x-shockwave-flash', isFlash],
  ['ZWS', 'application/x-shockwave-flash', isFlash],

  // Documents and data
  ['%PDF-', 'application/pdf'],
  ['%!PS', 'application/postscript'],
  ['\xc5\xd0\xd3\xc6', 'application/postscript'],
  ['{\\rtf', 'application/rtf'],
  ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'application/x-ole-storage', oleType],
  ['SQLite format 3\0', 'application/vnd.sqlite3'],
  ['\0\x01\0\0Standard Jet DB', 'application/x-msaccess'],
  ['\0\x01\0\0Standard ACE DB', 'application/x-msaccess'],
  ['PAR1', 'application/vnd.apache.parquet'],
  ['Obj\x01', 'application/vnd.apache.avro'],
  ['ARROW1\0\0', 'application/vnd.apache.arrow.file'],
  ['\x89HDF\r\n\x1a\n', 'application/x-hdf5'],
  ['CDF\x01', 'application/x-netcdf'],
  ['CDF\x02', 'application/x-netcdf'],
  ['\x93NUMPY', 'application/x-numpy-data'],
  ['bplist00', 'application/x-bplist'],
  ['\xde\x12\x04\x95', 'application/x-gettext-translation'],
  ['\x95\x04\x12\xde', 'application/x-gettext-translation'],
  ['\xd4\xc3\xb2\xa1', 'application/vnd.tcpdump.pcap'],
  ['\xa1\xb2\xc3\xd4', 'application/vnd.tcpdump.pcap'],
  [
    '\x0a\x0d\x0d\x0a',
    'application/x-pcapng',
    (head) => head.has('\x4d\x3c\x2b\x1a', 8) || head.has('\x1a\x2b\x3c\x4d', 8),
  ],
  ['d8:announce', 'application/x-bittorrent'],
  ['glTF', 'model/gltf-binary', (head) => head.byte(4) > 0 && head.byte(4) < 3],
  ['ITSF\x03\0\0\0', 'application/vnd.ms-htmlhelp'],
  ['L\0\0\0\x01\x14\x02\0', 'application/x-ms-shortcut'],
  ['!BDN', 'application/vnd.ms-outlook-pst'],
  ['\xfe\xed\xfe\xed', 'application/x-java-keystore'],

  // What begins later.
  ['', 'video/mp4', isoMediaType],
  ['ustar', 'application/x-tar', undefined, 257],
  ['LP', 'application/vnd.ms-fontobject', isEmbeddedFont, 34],
  ['BOOKMOBI', 'application/x-mobipocket-ebook', undefined, 60],
  ['DICM', 'application/dicom', undefined, 128],
  ['CD001', 'application/x-iso9660-image', undefined, 0x8001],
  ['', 'video/mp2t', transportStreamType],
  ['', 'application/x-tar', isOldTar],
]

/** Types that are found by a proof rather than in the table. */
const REFINED = [
  'application/x-executable',
  'application/x-sharedlib',
  'application/x-object',
  'application/x-coredump',
  'application/java-archive',
  'application/x-navi-animation',
]

/** TGA has no signature, so that its name is all there is. */
const UNPROVABLE = new Set(['image/x-tga'])

const PROVABLE: ReadonlySet<string> = new Set([...SIGNATURES.map(([, type]) => type), ...REFINED])

/** What the bytes of a binary file prove. */
export function findSignature(head: Head): Found | undefined {
  for (const [magic, type, proof, at = 0] of SIGNATURES) {
    if (!head.has(magic, at)) continue
    const found = proof ? proof(head) : true
    if (found) return found === true ? { type } : found
  }
  return undefined
}

/** Types that a binary file only has if its bytes say so. */
export function isProvable(type: string): boolean {
  if (UNPROVABLE.has(type)) return false
  return /^(image|audio|video|font)\//.test(type) || PROVABLE.has(type) || isZipType(type) || isOleType(type)
}
