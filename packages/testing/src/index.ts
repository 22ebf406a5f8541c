// A storage of your own: does it keep the contract?
export { backendCases } from './conformance/backend-cases.ts'
export type { BackendCase, BackendContext, BackendSuiteOptions } from './conformance/backend-case.ts'
export { describeBackend, type TestRunner } from './conformance/describe-backend.ts'
export { runBackendCase } from './conformance/run-backend-case.ts'

// A storage that fails as you tell it: what does your program do then?
export { ChaosBackend, type ChaosOptions, type FailOptions, type TearOptions } from './chaos/chaos-backend.ts'
export { ChaosError } from './chaos/chaos-error.ts'
export type { ChaosMethod, ChaosTrigger } from './chaos/chaos-rule.ts'
