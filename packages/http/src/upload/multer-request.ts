import type { DepotManager, FiledepotError, UploadedFile } from '@filedepot/core'
import { setMaxListeners } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { ArrivalWatch, type Timeouts } from './arrival-watch.ts'
import { discardFile } from './discard-file.ts'

/** What is looked at in a request: Express adds its response. */
interface Request {
  readonly res?: ServerResponse
  readonly socket?: Socket
}

/** The files that one request has brought through multer. */
export class MulterRequest {
  readonly #depot: DepotManager
  readonly #files: UploadedFile[] = []
  readonly #stopped = new AbortController()
  #watch: ArrivalWatch | undefined
  #failure: FiledepotError | undefined

  constructor(depot: DepotManager, request: unknown, timeouts: Timeouts) {
    this.#depot = depot
    setMaxListeners(0, this.#stopped.signal)
    if (!(request instanceof Readable)) return
    this.#watch = new ArrivalWatch(request, timeouts, (error) => {
      this.#failure = error
      this.#stopped.abort(error)
      // multer would wait for the end of the request before it tells anybody, and this one may never end.
      request.destroy()
    })
    const { res, socket } = request as Request
    // Without Express the response is unknown, so the files are deleted with the connection.
    const ending = res ?? socket
    if (ending?.closed) this.#end()
    else ending?.once('close', this.#end)
  }

  /** Aborted when the request is over, or has taken too long. */
  get signal(): AbortSignal {
    return this.#stopped.signal
  }

  /** Why the client was given up, if it was. */
  get failure(): FiledepotError | undefined {
    return this.#failure
  }

  add(file: UploadedFile): void {
    this.#files.push(file)
    if (this.signal.aborted) void discardFile(this.#depot, file)
  }

  /** The response has ended: what no row has taken goes. */
  readonly #end = (): void => {
    this.#watch?.stop()
    this.#stopped.abort()
    for (const file of this.#files) void discardFile(this.#depot, file)
  }
}
