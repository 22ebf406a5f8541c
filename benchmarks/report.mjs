import { writeFileSync } from 'node:fs'
import { arch, availableParallelism, platform } from 'node:os'
import { median } from './harness.mjs'

/** From this ratio up a goal leaves room for the noise of a machine; below, the A/A control has to be right. */
const CONTROLLED_BELOW = 1.15
const CONTROL_TOLERANCE = 0.05

/**
 * One line of the table. `value` is in the unit of the goal, `{ atMost }` or `{ atLeast }`; one that is only
 * `information` is not judged.
 */
export function makeRow({ name, value, unit = '×', p10, control, goal, information = false, detail = '' }) {
  return {
    name,
    value,
    unit,
    p10,
    control,
    goal,
    detail,
    verdict: judge({ value, control, goal, information }),
  }
}

/** A line for what `compare` found; a batch has so many operations. */
export function compared(name, { ratio, p10, control, times }, { operations, ...rest }) {
  const micros = (list) => ((median(list) * 1000) / operations).toFixed(0)
  const detail = `${micros(times.floor)} → ${micros(times.subject)} µs`
  return makeRow({ name, value: ratio, p10, control: control.ratio, detail, ...rest })
}

function judge({ value, control, goal, information }) {
  if (!goal) return ''
  const narrow = goal.atMost !== undefined && goal.atMost < CONTROLLED_BELOW
  if (narrow && control !== undefined && Math.abs(control - 1) > CONTROL_TOLERANCE) return 'void'
  if (information) return 'info'
  const { atMost = Infinity, atLeast = -Infinity } = goal
  return value <= atMost && value >= atLeast ? 'met' : 'MISSED'
}

export function printTable(rows) {
  const header = ['benchmark', 'measured', 'p10', 'A/A', 'goal', '', 'floor → filedepot']
  const lines = rows.map(({ name, value, unit, p10, control, goal, verdict, detail }) => [
    name,
    format(value, unit),
    p10 === undefined ? '' : format(p10, '×'),
    control === undefined ? '' : format(control, '×'),
    formatGoal(goal, unit),
    verdict,
    detail,
  ])
  const widths = header.map((title, column) =>
    Math.max(...[header, ...lines].map((line) => line[column].length)),
  )
  const print = (cells) =>
    console.log(`| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`)
  print(header)
  print(widths.map((width) => '-'.repeat(width)))
  for (const line of lines) print(line)
}

function format(value, unit) {
  return unit === '×' ? `${value.toFixed(2)}×` : `${value.toFixed(1)} ${unit}`
}

function formatGoal(goal, unit) {
  if (!goal) return ''
  const bound = goal.atMost ?? goal.atLeast
  return `${goal.atMost === undefined ? '≥' : '≤'} ${unit === '×' ? `${bound.toFixed(2)}×` : `${bound} ${unit}`}`
}

export function writeJson(file, { rows, place, quick }) {
  const machine = {
    node: process.versions.node,
    platform: platform(),
    arch: arch(),
    cores: availableParallelism(),
  }
  writeFileSync(file, `${JSON.stringify({ machine, files: place, quick, rows }, undefined, 2)}\n`)
}
