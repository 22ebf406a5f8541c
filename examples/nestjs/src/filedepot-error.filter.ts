import { FiledepotError, type ErrorCode } from '@filedepot/core'
import { Catch, HttpException, HttpStatus, type ArgumentsHost } from '@nestjs/common'
import { BaseExceptionFilter } from '@nestjs/core'

/** What a client can do something about. All else is an internal error: Nest logs it, and tells the client nothing. */
const STATUSES: Partial<Record<ErrorCode, HttpStatus>> = {
  CONTENT_FAILED: HttpStatus.BAD_REQUEST,
  FILE_NOT_FOUND: HttpStatus.NOT_FOUND,
  FILE_REFUSED: HttpStatus.UNSUPPORTED_MEDIA_TYPE,
  FILE_TOO_LARGE: HttpStatus.PAYLOAD_TOO_LARGE,
}

/** Answers errors of files with the status that fits, and their code in the body. */
@Catch(FiledepotError)
export class FiledepotErrorFilter extends BaseExceptionFilter<FiledepotError> {
  override catch(error: FiledepotError, host: ArgumentsHost): void {
    const { code, message } = error
    const statusCode = STATUSES[code]
    if (statusCode === undefined) {
      super.catch(error, host)
    } else {
      const body = { statusCode, code, message }
      super.catch(new HttpException(body, statusCode, { cause: error }) as never, host)
    }
  }
}
