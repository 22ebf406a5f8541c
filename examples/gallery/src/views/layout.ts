import { html, type Html } from './html.ts'
import { notice, type Query } from './notice.ts'

/** What is around every page. */
export function layout(title: string, content: Html, query: Query = {}): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · filedepot gallery</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/headings/wght.css" />
        <link rel="stylesheet" href="/assets/text/wght.css" />
        <link rel="stylesheet" href="/assets/style.css" />
        <script type="module" src="/assets/gallery.js"></script>
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header class="bar">
          <a class="mark" href="/"><span class="dot" aria-hidden="true"></span>filedepot gallery</a>
        </header>
        <main id="content">${notice(query)} ${content}</main>
        <footer class="foot">
          <p>
            Files that belong to rows: each picture is stored, replaced and deleted with its row, or not at
            all.
          </p>
        </footer>
      </body>
    </html>`
}
