import { writeFileSync } from 'node:fs'
import { arch, availableParallelism, platform } from 'node:os'
import { quantile } from './harness.mjs'

/** How far the A/A control may be off where a figure is to be judged. */
const CONTROL_TOLERANCE = 0.05

/**
 * One line of the table. `value` is in the unit of the goal, `{ atMost }` or `{ atLeast }`; one that is only
 * `information` is not judged. Where there is a `p10`, that is what is judged.
 */
export function makeRow({
  name,
  value,
  unit = '×',
  p10,
  cpu,
  control,
  goal,
  information = false,
  detail = '',
}) {
  return {
    name,
    value,
    unit,
    p10,
    cpu,
    control,
    goal,
    detail,
    verdict: judge({ value: p10 ?? value, control, goal, information }),
  }
}

/** A line for what `compare` found; a batch has so many operations. */
export function compared(name, { ratio, p10, cpu, control, times }, { operations, ...rest }) {
  const micros = (list) => ((quantile(list, 0.1) * 1000) / operations).toFixed(0)
  const detail = `${micros(times.floor)} → ${micros(times.subject)} µs`
  return makeRow({ name, value: ratio, p10, cpu, control, detail, ...rest })
}

function judge({ value, control, goal, information }) {
  if (!goal) return ''
  if (control && [control.ratio, control.p10].some((ratio) => Math.abs(ratio - 1) > CONTROL_TOLERANCE)) {
    return 'void'
  }
  if (information) return 'info'
  const { atMost = Infinity, atLeast = -Infinity } = goal
  return value <= atMost && value >= atLeast ? 'met' : 'MISSED'
}

export function printTable(rows) {
  const header = ['benchmark', 'median', 'p10', 'CPU', 'A/A, p10', 'goal', '', 'floor → filedepot']
  const ratio = (value) => (value === undefined ? '' : format(value, '×'))
  const lines = rows.map(({ name, value, unit, p10, cpu, control, goal, verdict, detail }) => [
    name,
    format(value, unit),
    ratio(p10),
    ratio(cpu),
    control ? `${ratio(control.ratio)} ${ratio(control.p10)}` : '',
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
