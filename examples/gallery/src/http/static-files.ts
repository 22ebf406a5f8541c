import express, { Router } from 'express'
import { fileURLToPath } from 'node:url'

/** Styles, the script and the icon, which are files of this example, and the fonts, which are packages. */
export function staticFiles(): Router {
  return Router()
    .use('/headings', folder(import.meta.resolve('@fontsource-variable/bricolage-grotesque/wght.css')))
    .use('/text', folder(import.meta.resolve('@fontsource-variable/figtree/wght.css')))
    .use(folder(new URL('../../public/style.css', import.meta.url)))
}

function folder(file: string | URL) {
  return express.static(fileURLToPath(new URL('.', file)), { maxAge: '1h', index: false })
}
