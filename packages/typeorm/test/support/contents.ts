export * from '../../../../test/support/contents.ts'
