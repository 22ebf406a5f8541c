export * from '../../../../test/support/timing.ts'
