import { afterEach, beforeEach, jest } from '@jest/globals'

/** For a group of tests: the warnings of the process that the current one caused, which are not printed. */
export function heardWarnings(): string[] {
  const warnings: string[] = []
  beforeEach(() => {
    // Not by listening: the process that tests see is a copy, which gets no events.
    jest.spyOn(process, 'emitWarning').mockImplementation((warning, type) => {
      warnings.push(`${typeof type === 'string' ? type : 'Warning'}: ${String(warning)}`)
    })
  })
  afterEach(() => {
    jest.restoreAllMocks()
    warnings.length = 0
  })
  return warnings
}
