import type { ServerResponse } from 'node:http'
import type { FileAnswer, FileBodyPart } from './file-answer.ts'
import { isGone } from './drained.ts'
import { sendOpened } from './send-opened.ts'
import { sendStream } from './send-stream.ts'

/**
 * Sends an answer with a file. If the client disconnects, it stops reading, without an error.
 *
 * @throws what the storage throws; if the head has been sent, the connection is cut
 */
export async function sendFile(
  answer: FileAnswer,
  body: FileBodyPart,
  response: ServerResponse,
): Promise<void> {
  try {
    const opened = await body.file.openBytes()
    if (!opened) {
      await sendStream(answer, body, response)
      return
    }
    try {
      await sendOpened(opened, answer, body, response)
    } finally {
      await opened.close()
    }
  } catch (error) {
    if (isGone(response)) return
    // What has been sent is not the file: the client has to see that.
    if (response.headersSent) response.destroy()
    throw error
  }
}
