import { depot as processDepot, type DepotManager } from '@filedepot/core'
import type { FormRules } from './file-rules.ts'
import type { ReceivedForm } from './received-form.ts'
import { Reception } from './reception.ts'
import { checkTimeouts, type ArrivalTimeouts } from './arrival-watch.ts'
import { bodyOf, type UploadRequest } from './upload-request.ts'

/** Options of {@link receiveFiles}. */
export interface ReceiveOptions extends ArrivalTimeouts {
  /** The depot for the files. @default the depot of the process */
  depot?: DepotManager
  /** How many texts a form may bring. @default 100 */
  maxFields?: number
  /** In bytes, of each text. @default 65536, 64 KiB */
  maxFieldSize?: number
  signal?: AbortSignal
}

/**
 * Receives a multipart form and stores its files while they arrive: no file is in memory or in a temporary folder at
 * any time, and each limit holds from the first byte that breaks it. Files of fields that the rules do not name are
 * refused. All of it is stored, or nothing.
 *
 * The files wait for their rows. If saving those fails, {@link ReceivedForm.discard} deletes them; `await using`
 * does so by itself.
 *
 * ```ts
 * import { allowTypes } from '@filedepot/core'
 * import { receiveFiles } from '@filedepot/http'
 * import type { IncomingMessage } from 'node:http'
 *
 * async function create(request: IncomingMessage, save: (recipe: object) => Promise<unknown>) {
 *   await using form = await receiveFiles(request, {
 *     photo: { maxSize: 5_000_000, validators: [allowTypes('image/jpeg', 'image/png')] },
 *   })
 *   await save({ name: form.get('name'), photo: form.file('photo') })
 * }
 * ```
 *
 * @throws FiledepotError `MALFORMED_UPLOAD`, `TOO_MANY_PARTS`, `UPLOAD_TIMED_OUT`, `FILE_REFUSED`, `CONTENT_FAILED` where the client went
 *   away, and all that {@link FileStorage.create} throws; nothing is stored then
 */
export async function receiveFiles<const Rules extends FormRules>(
  request: UploadRequest,
  rules: Rules,
  options: ReceiveOptions = {},
): Promise<ReceivedForm<Rules>> {
  const { depot = processDepot, maxFields = 100, maxFieldSize = 64 * 1024, signal } = options
  const body = bodyOf(request)
  const reception = new Reception(depot, rules, {
    maxFields,
    maxFieldSize,
    ...checkTimeouts(options),
  })
  try {
    // What comes in a field has the type of its rules, as each upload is made by it.
    return await reception.read(body, signal)
  } catch (error) {
    body.giveUp()
    await reception.undo(error)
    throw error
  }
}
