import type { Found, Head } from './head.ts'

/** An ID3 tag stands before the sound, which may be of several kinds. */
export function id3Type(head: Head): Found | undefined {
  const sizes = [6, 7, 8, 9].map((at) => head.byte(at))
  if (head.byte(3) < 2 || head.byte(3) > 4 || sizes.some((size) => size > 127)) return undefined
  const at = 10 + sizes.reduce((sum, size) => sum * 128 + size)
  if (head.has('fLaC', at)) return { type: 'audio/flac' }
  return { type: adtsFrame(head, at) ? 'audio/aac' : 'audio/mpeg' }
}

/** Sounds without a header. A frame begins with eleven or twelve set bits, so two have to follow each other. */
export function framesType(head: Head): Found | undefined {
  const aac = adtsFrame(head, 0)
  if (aac && adtsFrame(head, aac)) return { type: 'audio/aac' }
  const mpeg = mpegFrame(head, 0)
  return mpeg && mpegFrame(head, mpeg) ? { type: 'audio/mpeg' } : undefined
}

/** The length of a frame of AAC in ADTS. */
function adtsFrame(head: Head, at: number): number | undefined {
  if ((head.uint16BE(at) & 0xfff6) !== 0xfff0) return undefined
  const rate = (head.byte(at + 2) >> 2) & 15
  const length = (head.uint32BE(at + 3) >>> 13) & 0x1fff
  return rate < 13 && length > 7 ? length : undefined
}

/** In kilobits a second, by version and layer. */
const BIT_RATES = {
  version1: {
    layer1: [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    layer2: [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    layer3: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  },
  version2: {
    layer1: [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    layer2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    layer3: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  },
}
const LAYERS = [undefined, 'layer3', 'layer2', 'layer1'] as const
const SAMPLE_RATES = [44_100, 48_000, 32_000]

/** The length of a frame of MPEG audio, of MP3 above all. */
function mpegFrame(head: Head, at: number): number | undefined {
  const bits = head.uint32BE(at)
  const version = (bits >>> 19) & 3
  const layer = LAYERS[(bits >>> 17) & 3]
  const rate = SAMPLE_RATES[(bits >>> 10) & 3]
  if (bits >>> 21 !== 0x7ff || version === 1 || !layer || rate === undefined) return undefined
  const kilobits = BIT_RATES[version === 3 ? 'version1' : 'version2'][layer][(bits >>> 12) & 15]
  if (!kilobits) return undefined
  const samplesPerSecond = rate / (version === 3 ? 1 : version === 2 ? 2 : 4)
  const padding = (bits >>> 9) & 1
  if (layer === 'layer1') return (Math.floor((12_000 * kilobits) / samplesPerSecond) + padding) * 4
  const samples = layer === 'layer3' && version !== 3 ? 72_000 : 144_000
  return Math.floor((samples * kilobits) / samplesPerSecond) + padding
}

const PACKET_BYTES = 188

/** Packets of a fixed length that begin with the same letter; those of discs have four bytes more before each. */
export function transportStreamType(head: Head): Found | undefined {
  const each = (from: number, step: number) => [0, 1, 2].every((i) => head.byte(from + i * step) === 0x47)
  return each(0, PACKET_BYTES) || each(4, PACKET_BYTES + 4) ? { type: 'video/mp2t' } : undefined
}
