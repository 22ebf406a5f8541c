import { TestEnvironment } from 'jest-environment-node'

const URLS = { postgres: 'FILEDEPOT_TEST_POSTGRES_URL', mariadb: 'FILEDEPOT_TEST_MYSQL_URL' }

/** Skips every test of a file, and says so in the count, where its database is not there. */
export default class DatabaseEnvironment extends TestEnvironment {
  #missing

  constructor(config, context) {
    super(config, context)
    const variable = URLS[config.projectConfig.globals.FILEDEPOT_TEST.database]
    this.#missing = variable !== undefined && !process.env[variable]
  }

  handleTestEvent(event, state) {
    if (event.name === 'run_start' && this.#missing) skip(state.rootDescribeBlock)
  }
}

/** A block of tests, or a test. */
function skip(block) {
  block.mode = 'skip'
  for (const child of block.children ?? []) skip(child)
}
