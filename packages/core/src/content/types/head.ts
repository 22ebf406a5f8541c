/** The first bytes of a content. Reading beyond them gives zeros, which no signature is made of. */
export class Head {
  readonly bytes: Buffer
  /** A character a byte. */
  readonly text: string

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.text = this.bytes.toString('latin1')
  }

  get length(): number {
    return this.bytes.length
  }

  has(magic: string, at = 0): boolean {
    return this.text.startsWith(magic, at)
  }

  byte(at: number): number {
    return this.bytes[at] ?? 0
  }

  uint16(at: number): number {
    return this.byte(at) | (this.byte(at + 1) << 8)
  }

  uint16BE(at: number): number {
    return (this.byte(at) << 8) | this.byte(at + 1)
  }

  uint32(at: number): number {
    return this.uint16(at) + this.uint16(at + 2) * 0x1_00_00
  }

  uint32BE(at: number): number {
    return this.uint16BE(at) * 0x1_00_00 + this.uint16BE(at + 2)
  }
}

/** What the first bytes show. */
export interface Found {
  readonly type: string
  /** What the bytes leave open, as the member of a family. Everything else that is claimed is not so. */
  readonly allows?: (claim: string) => boolean
}
