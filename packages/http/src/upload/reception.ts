import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy'
import { AbortedError, FiledepotError, UploadedFile, type DepotManager } from '@filedepot/core'
import { setMaxListeners } from 'node:events'
import { ArrivalWatch, type Timeouts } from './arrival-watch.ts'
import { discardFile } from './discard-file.ts'
import { DEFAULT_MAX_SIZE, type FileRules } from './file-rules.ts'
import { ReceivedForm } from './received-form.ts'
import { malformed, type UploadBody } from './upload-request.ts'

/** How many texts a form may bring, and of how many bytes each. */
interface FieldLimits extends Timeouts {
  readonly maxFields: number
  readonly maxFieldSize: number
}

/** The parser's own limits of what stands before a part: enough for any browser. */
const HEADERS = { headerPairs: 32, headerSize: 16 * 1024 }

/** Receives a form: its parts arrive one after the other, and each file is streamed to its storage. */
export class Reception {
  readonly #depot: DepotManager
  readonly #rules: Readonly<Record<string, FileRules>>
  readonly #limits: FieldLimits
  readonly #form: ReceivedForm
  readonly #stopped = new AbortController()
  readonly #uploads: { name: string; file: Promise<UploadedFile> }[] = []
  #fail: (error: unknown) => void = () => undefined

  constructor(depot: DepotManager, rules: Readonly<Record<string, FileRules>>, limits: FieldLimits) {
    this.#depot = depot
    this.#rules = rules
    this.#limits = limits
    this.#form = new ReceivedForm(depot)
    // Every upload of the form listens to it, and there may be more than Node takes for a leak.
    setMaxListeners(0, this.#stopped.signal)
  }

  /** Resolves when the last file is stored, and rejects with what fails first. */
  async read({ contentType, stream }: UploadBody, signal: AbortSignal | undefined): Promise<ReceivedForm> {
    const parser = this.#makeParser(contentType)
    const gone = (cause?: unknown) => {
      if (!stream.readableEnded) this.#fail(cutShort(cause))
    }
    const aborted = () => {
      this.#fail(new AbortedError('Receiving files', { cause: signal?.reason }))
    }
    let watch: ArrivalWatch | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        this.#fail = reject
        this.#listen(parser).once('finish', resolve)
        stream.once('error', gone).once('close', gone)
        signal?.addEventListener('abort', aborted)
        if (signal?.aborted) aborted()
        else {
          stream.pipe(parser)
          watch = new ArrivalWatch(stream, this.#limits, this.#fail)
        }
      })
      for (const { name, file } of this.#uploads) this.#form.addFile(name, await file)
      return this.#form
    } finally {
      watch?.stop()
      stream.unpipe(parser).off('close', gone)
      signal?.removeEventListener('abort', aborted)
    }
  }

  /** Stops what is still going on and removes what was stored. */
  async undo(reason: unknown): Promise<void> {
    this.#stopped.abort(reason)
    for (const { file } of this.#uploads) {
      const stored = await file.catch(() => undefined)
      if (stored) await discardFile(this.#depot, stored)
    }
  }

  #makeParser(contentType: string): BusboyInstance {
    const { maxFields, maxFieldSize } = this.#limits
    const files = Object.values(this.#rules).reduce((sum, { maxFiles = 1 }) => sum + maxFiles, 0)
    // One more than may come, so that it is told here which limit was broken.
    const limits = { ...HEADERS, fields: maxFields, fieldSize: maxFieldSize, parts: maxFields + files + 1 }
    try {
      // The storage cuts folders off the name. The parser would drop a file whose name is nothing but a folder.
      return new Busboy({ headers: { 'content-type': contentType }, limits, preservePath: true })
    } catch (cause) {
      throw malformed(
        'Expected the type multipart/form-data with a boundary, got none. Send a FormData, which sets it',
        cause,
      )
    }
  }

  #listen(parser: BusboyInstance): BusboyInstance {
    const { maxFields, maxFieldSize } = this.#limits
    return parser
      .on('file', (name, stream, filename, _encoding, mimetype) => {
        // An input of a form in which nothing was chosen sends a file without a name.
        if (filename === '') stream.resume()
        else this.#receive(name, { filename, mimetype, file: stream })
      })
      .on('field', (name, text, _isNameCut, isCut) => {
        if (isCut)
          this.#fail(
            tooMany(
              `The field "${name}" is larger than ${maxFieldSize} bytes. Send less text, or raise maxFieldSize`,
            ),
          )
        else this.#form.addField(name, text)
      })
      .on('fieldsLimit', () => {
        this.#fail(tooMany(`The form has more than ${maxFields} fields. Send fewer, or raise maxFields`))
      })
      .on('partsLimit', () => {
        this.#fail(
          tooMany(
            'The form has more parts than maxFields and maxFiles allow. Send fewer, or raise one of them',
          ),
        )
      })
      .on('error', (cause: unknown) => {
        this.#fail(malformed('Cannot read the form, which is damaged or cut off', cause))
      })
  }

  #receive(name: string, part: { filename: string; mimetype: string; file: BusboyFileStream }): void {
    const refusal = this.#refuse(name)
    if (refusal) {
      part.file.resume()
      this.#fail(refusal)
      return
    }
    const { type = UploadedFile, maxSize = DEFAULT_MAX_SIZE, ...rules } = this.#rules[name] ?? {}
    const pending = UploadedFile.from.call(type, part)
    const { signal } = this.#stopped
    const file = this.#depot.upload(pending, { ...rules, maxSize, signal })
    file.catch(this.#fail)
    this.#uploads.push({ name, file })
  }

  #refuse(name: string): FiledepotError | undefined {
    const rules = Object.hasOwn(this.#rules, name) ? this.#rules[name] : undefined
    if (!rules) {
      const wanted = Object.keys(this.#rules).join(', ')
      return new FiledepotError('FILE_REFUSED', `Expected files in ${wanted}, got one in "${name}"`)
    }
    const { maxFiles = 1 } = rules
    const before = this.#uploads.filter((upload) => upload.name === name).length
    return before < maxFiles
      ? undefined
      : tooMany(`The form has more than ${maxFiles} files in "${name}". Send fewer, or raise maxFiles`)
  }
}

function tooMany(message: string): FiledepotError {
  return new FiledepotError('TOO_MANY_PARTS', message)
}

function cutShort(cause: unknown): FiledepotError {
  const options = cause === undefined ? {} : { cause }
  return new FiledepotError('CONTENT_FAILED', 'The client disconnected before the form was complete', options)
}
