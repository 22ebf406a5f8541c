import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { EXIT } from '../exit-codes.ts'
import { checkDatabases } from '../doctor/check-databases.ts'
import { checkEnvironment } from '../doctor/check-environment.ts'
import { checkStorages } from '../doctor/check-storages.ts'
import type { Check } from '../doctor/check.ts'

export function registerDoctor(program: Command, cli: Cli): void {
  const command = program
    .command('doctor')
    .description('looks at everything: versions, storages, databases, ledgers; changes nothing')
    .addHelpText('after', '\nRun it in a new environment, and when something is wrong. It says what to do.')
  cli.run(command, async ({ out, open, signal }) => {
    const { green, red, yellow, dim } = out.colors
    const marks = { ok: green('✔'), warning: yellow('!'), fault: red('✘') }
    let [faults, warnings] = [0, 0]
    const add = async (check: Check) => {
      if (check.state === 'fault') faults++
      if (check.state === 'warning') warnings++
      const advice = check.advice === undefined ? '' : `\n    ${dim(check.advice)}`
      await out.report(`${marks[check.state]} ${check.text}${advice}`, { event: 'check', ...check })
    }
    const config = await open()
    for (const checks of [
      checkEnvironment(config),
      checkStorages(config, signal),
      checkDatabases(config, signal),
    ]) {
      for await (const check of checks) await add(check)
    }
    const summary =
      faults > 0
        ? red(`${faults} to mend`)
        : warnings > 0
          ? yellow(`${warnings} to look at`)
          : green('All is well')
    await out.report(summary, { event: 'result', command: 'doctor', faults, warnings })
    return faults > 0 ? EXIT.found : EXIT.fine
  })
}
