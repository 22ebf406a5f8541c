import { Catch, ConflictException, type ArgumentsHost } from '@nestjs/common'
import { BaseExceptionFilter } from '@nestjs/core'
import { QueryFailedError } from 'typeorm'

/** Answers 409 where a unique column has the value already. By then TypeORM has rolled back, and the file is gone. */
@Catch(QueryFailedError)
export class UniqueViolationFilter extends BaseExceptionFilter {
  override catch(error: QueryFailedError, host: ArgumentsHost): void {
    const { code } = error.driverError as { code?: unknown }
    const taken = code === 'SQLITE_CONSTRAINT_UNIQUE'
    super.catch(taken ? new ConflictException('there is one with this name', { cause: error }) : error, host)
  }
}
