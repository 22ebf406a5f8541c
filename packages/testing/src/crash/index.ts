// The program that is killed.
export { CrashPoints, type CrashPoint } from './crash-points.ts'
export { crashingBackend } from './crashing-backend.ts'
export { crashingClient, type CrashableClient, type CrashableSession } from './crashing-client.ts'
export { runCrashProgram, type CrashContent, type CrashContext, type CrashDriver } from './crash-program.ts'

// The test that kills it.
export { killProgram, type KillOptions, type KillOutcome } from './kill-program.ts'
export { runCrashes, type CrashFinding, type CrashReport, type CrashTest } from './run-crashes.ts'
