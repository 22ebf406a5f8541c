import type { Inventory, RollbackReport } from '../fail-on-purpose.ts'
import { html, type Html } from './html.ts'
import { counted } from './words.ts'

/** What a visitor can see of a transaction that failed. */
export function rollbackReport({ before, during, after }: RollbackReport): Html {
  const stayed = after.rows - before.rows || after.files - before.files
  const added = `${counted(during.rows - before.rows, 'photo')} with ${counted(during.files - before.files, 'file')}`
  return html`<p role="status">
      <strong
        >${
          stayed === 0
            ? 'Nothing stayed.'
            : 'The numbers differ: somebody else has changed the gallery meanwhile.'
        }</strong
      >
      ${added} were there for a moment. Then the transaction failed, and rows and files went together.
    </p>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">In the whole gallery</th>
            <th scope="col">Photos in the database</th>
            <th scope="col">Files in the storage</th>
          </tr>
        </thead>
        <tbody>
          ${line('Before', before)} ${line('Right before it failed', during)} ${line('Afterwards', after)}
        </tbody>
      </table>
    </div>`
}

function line(when: string, { rows, files }: Inventory): Html {
  return html`<tr>
    <th scope="row">${when}</th>
    <td>${rows}</td>
    <td>${files}</td>
  </tr>`
}
