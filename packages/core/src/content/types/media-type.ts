import type { Found, Head } from './head.ts'

/** Matroska and WebM: the header says which, the codecs of the tracks whether there is a picture. */
export function matroskaType(head: Head): Found {
  const { text } = head
  // The DocType: an id of two bytes, and a length of one with its highest bit set.
  const isWebm = /\x42\x82[\x80-\x90]webm/.test(text.slice(0, 128))
  const [video, audio] = isWebm ? ['video/webm', 'audio/webm'] : ['video/x-matroska', 'audio/x-matroska']
  if (/\x86[\x81-\x9f]V_/.test(text)) return { type: video }
  if (/\x86[\x81-\x9f]A_/.test(text)) return { type: audio }
  return { type: video, allows: (claim) => claim === audio || (text.length < 64 && claim === 'video/webm') }
}

const OGG_VIDEO = ['\x80theora', 'BBCD\0', '\x01video\0', 'OVP80']
const OGG_AUDIO = ['OpusHead', '\x01vorbis', 'Speex   ', '\x7fFLAC', '\x01audio\0']

/** Ogg: the first page of each stream says how it is coded. */
export function oggType({ text }: Head): Found {
  if (OGG_VIDEO.some((mark) => text.includes(mark))) return { type: 'video/ogg' }
  if (OGG_AUDIO.some((mark) => text.includes(mark))) return { type: 'audio/ogg' }
  return { type: 'application/ogg', allows: (claim) => claim === 'audio/ogg' || claim === 'video/ogg' }
}

/** Microsoft's ASF: the properties of its streams have ids. */
export function asfType({ text }: Head): Found {
  if (text.includes('\xc0\xef\x19\xbc\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b'))
    return { type: 'video/x-ms-wmv', allows: (claim) => claim === 'video/x-ms-asf' }
  if (text.includes('\x40\x9e\x69\xf8\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b'))
    return { type: 'audio/x-ms-wma' }
  return { type: 'video/x-ms-asf', allows: (claim) => /\/x-ms-(wma|wmv)$/.test(claim) }
}

export function riffType(head: Head): Found | undefined {
  switch (head.text.slice(8, 12)) {
    case 'WEBP':
      return { type: 'image/webp' }
    case 'WAVE':
      return { type: 'audio/wav' }
    case 'AVI ':
      return { type: 'video/x-msvideo' }
    case 'RMID':
      return { type: 'audio/midi' }
    case 'ACON':
      return { type: 'application/x-navi-animation' }
    default:
      return undefined
  }
}
