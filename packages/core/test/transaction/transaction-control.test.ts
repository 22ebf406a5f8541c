import { describe, expect, it } from '@jest/globals'
import { isAnswerOfMysql, isAnswerOfPostgres, transactionControlOf } from '@filedepot/core/integration'

describe('transactionControlOf', () => {
  it.each([
    ['COMMIT', 'commit'],
    ['  end', 'commit'],
    ["PREPARE TRANSACTION 'a'", 'commit'],
    ['ROLLBACK', 'rollback'],
    ['rollback work', 'rollback'],
    ['ABORT', 'rollback'],
    ['ROLLBACK TO SAVEPOINT a', 'rollbackToSavepoint'],
    ['rollback transaction to a', 'rollbackToSavepoint'],
    ['BEGIN', 'begin'],
    ['START  TRANSACTION', 'begin'],
    ['SAVEPOINT a', undefined],
    ['RELEASE SAVEPOINT a', undefined],
    ['SELECT 1', undefined],
    ["UPDATE texts SET text = 'COMMIT'", undefined],
    ['COMMITTED', undefined],
    ['TRUNCATE photos', undefined],
  ])('of %p on PostgreSQL and SQLite is %p', (statement, control) => {
    expect(transactionControlOf('postgres', statement)).toBe(control)
    expect(transactionControlOf('sqlite', statement)).toBe(control)
  })

  it.each([
    ['TRUNCATE photos', 'implicitCommit'],
    ['CREATE TABLE a (b INT)', 'implicitCommit'],
    ['CREATE TEMPORARY TABLE a (b INT)', undefined],
    ['CALL anything()', 'implicitCommit'],
    ['BEGIN', 'implicitCommit'],
    ['START TRANSACTION', 'implicitCommit'],
    ['SET AUTOCOMMIT = 1', 'implicitCommit'],
    ['SET NAMES utf8mb4', undefined],
    ['COMMIT', 'commit'],
    ['ROLLBACK TO a', 'rollbackToSavepoint'],
  ])('of %p on MySQL is %p', (statement, control) => {
    expect(transactionControlOf('mysql', statement)).toBe(control)
  })
})

describe('an answer of the database', () => {
  it('of PostgreSQL has a SQLSTATE that tells of no connection', () => {
    expect(['40001', '23505', '25P02'].every(isAnswerOfPostgres)).toBe(true)
    expect(['08006', '57P01', '58030', 'XX000', 'ECONNRESET', undefined].some(isAnswerOfPostgres)).toBe(false)
  })

  it('of MySQL has a number of the server, and not that of an error during COMMIT', () => {
    expect([1062, 1213].every(isAnswerOfMysql)).toBe(true)
    expect([1180, 45_009, Number.NaN, undefined].some(isAnswerOfMysql)).toBe(false)
  })
})
