import Sequencer from '@jest/test-sequencer'

/** The test files that take minutes; begun last, they would leave a core idle at the end. */
const LONG = /(programs|packed-packages|faults|conformance|local-backend|constant-memory)\.test\.ts$/

/** The order of Jest's test files: those that take long come first, also where no earlier run has been timed. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests)
    const isLong = ({ path }) => LONG.test(path)
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))]
  }
}
