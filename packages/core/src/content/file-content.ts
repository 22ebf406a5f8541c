import type { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { ContentHolder } from './resolved-content.ts'

/** A file as multer hands it over from its memory storage; Nest's interceptors do the same. */
export interface MulterFile {
  originalname: string
  mimetype: string
  buffer: Uint8Array
}

/** A file part as `@fastify/multipart` hands it over; any object with a `filename` and a `file` stream is accepted. */
export interface FilePart {
  filename?: string | undefined
  mimetype?: string | undefined
  file: Readable | Uint8Array
}

/** A file as formidable hands it over. */
export interface FormidableFile {
  filepath: string
  originalFilename: string | null
  mimetype: string | null
}

/**
 * Everything that can be stored as a file. `ContentHolder` stands for `StoredFile`, `SpooledFile` and `FileIntent`. If a
 * transaction is retried, bytes, `Blob`s, files of `fromPath()` and stored files can be stored again, and streams cannot. Text
 * is refused: pass its bytes.
 */
export type FileContent =
  | Uint8Array
  | ArrayBuffer
  | Blob
  | Readable
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | ContentHolder
  | MulterFile
  | FilePart
  | FormidableFile
