// The relative links of Markdown files that lead nowhere: no tracked file, or no heading of that name.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const FENCED_CODE = /^ *(```+|~~~+)[^\n]*\n[\s\S]*?^ *\1/gm
const INLINE_LINK = /\]\(<?([^)\s>]+)/g
const LINK_DEFINITION = /^ *\[[^\]]+\]: *<?([^\s>]+)/gm
const HAS_SCHEME = /^[a-z][a-z\d+.-]*:/i

/** A line for each link of the tracked Markdown files that leads nowhere. */
export function brokenLinks() {
  const tracked = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' }).split('\0').filter(Boolean)
  const paths = new Set(tracked.flatMap(withFolders))
  const anchors = new Map()
  const anchorsOf = (file) => {
    if (!anchors.has(file)) anchors.set(file, headingAnchors(readFileSync(file, 'utf8')))
    return anchors.get(file)
  }
  const leadsNowhere = (file, link) => {
    const [path, anchor] = decodeURI(link).split('#')
    const target = path === '' ? file : join(dirname(file), path).replace(/\/$/, '')
    if (!paths.has(target)) return true
    return anchor !== undefined && !(target.endsWith('.md') && anchorsOf(target).has(anchor))
  }
  return tracked
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      linksOf(readFileSync(file, 'utf8'))
        .filter((link) => leadsNowhere(file, link))
        .map((link) => `${file}: ${link}`),
    )
}

function withFolders(file) {
  const names = file.split('/')
  return names.map((_name, index) => names.slice(0, index + 1).join('/'))
}

function linksOf(markdown) {
  const text = markdown.replace(FENCED_CODE, '').replace(/`[^`]*`/g, '')
  return [...text.matchAll(INLINE_LINK), ...text.matchAll(LINK_DEFINITION)]
    .map(([, link]) => link)
    .filter((link) => !HAS_SCHEME.test(link))
}

/** As GitHub makes them: a heading that comes again gets a number. */
function headingAnchors(markdown) {
  const seen = new Map()
  const headings = markdown.replace(FENCED_CODE, '').matchAll(/^#{1,6} +(.*?)[ #]*$/gm)
  return new Set(
    [...headings].map(([, heading]) => {
      const slug = heading
        .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replace(/[^\p{L}\p{M}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-')
      const times = seen.get(slug) ?? 0
      seen.set(slug, times + 1)
      return times === 0 ? slug : `${slug}-${times}`
    }),
  )
}
