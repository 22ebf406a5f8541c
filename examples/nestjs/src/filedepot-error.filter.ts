import { FiledepotError } from '@filedepot/core'
import { httpStatus } from '@filedepot/http'
import { Catch, HttpException, type ArgumentsHost } from '@nestjs/common'
import { BaseExceptionFilter } from '@nestjs/core'

/**
 * Answers errors of files with the status that fits, and their code in the body. What a client can do nothing about is an
 * internal error: Nest logs it, and tells the client nothing.
 */
@Catch(FiledepotError)
export class FiledepotErrorFilter extends BaseExceptionFilter<FiledepotError> {
  override catch(error: FiledepotError, host: ArgumentsHost): void {
    const { code, message } = error
    const statusCode = httpStatus(error)
    if (statusCode >= 500) {
      super.catch(error, host)
    } else {
      const body = { statusCode, code, message }
      super.catch(new HttpException(body, statusCode, { cause: error }) as never, host)
    }
  }
}
