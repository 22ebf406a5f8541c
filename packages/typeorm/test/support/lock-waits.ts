export * from '../../../../test/databases/lock-waits.ts'
