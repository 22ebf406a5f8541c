export {
  concurrentPrograms,
  programs,
  type ClientStep,
  type ClientTransaction,
  type ConcurrentProgram,
  type ConcurrentProgramOptions,
  type ProgramOptions,
  type Step,
} from './program.ts'
export {
  BROKEN,
  type ConcurrentRowDriver,
  type RowContent,
  type RowDriver,
  type RowObserver,
  type RowWriter,
} from './row-driver.ts'
export { RowModel, type ModelRow } from './row-model.ts'
export { checkFiles, type LeftFiles } from './check-files.ts'
export { siblingPrograms, type SiblingProgram, type SiblingTask } from './sibling-program.ts'
export { runSiblingProgram, type SiblingRun } from './run-sibling-program.ts'
export { runProgram, type RunProgramOptions } from './run-program.ts'
export { runConcurrentProgram, type ConcurrentRun } from './run-concurrent-program.ts'
