/** HTML that is safe to send. Only {@link html} makes it. */
export class Html {
  constructor(readonly text: string) {}
}

type Piece = Html | string | number | false | undefined

/** HTML as it is written, with everything that is put into it escaped, unless it is HTML itself. */
export function html(strings: TemplateStringsArray, ...pieces: (Piece | readonly Piece[])[]): Html {
  return new Html(String.raw({ raw: strings }, ...pieces.map((piece) => [piece].flat().map(textOf).join(''))))
}

function textOf(piece: Piece): string {
  if (piece instanceof Html) return piece.text
  if (piece === undefined || piece === false) return ''
  return String(piece).replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
