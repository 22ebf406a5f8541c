export { programs, type Step } from './program.ts'
export { BROKEN, type RowContent, type RowDriver } from './row-driver.ts'
export { RowModel } from './row-model.ts'
export { runProgram, type RunProgramOptions } from './run-program.ts'
