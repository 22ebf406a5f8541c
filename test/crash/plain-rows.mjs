/** What programs without an ORM do with rows, whose `file` is the text that `upload` gives. */
export function plainRows(transaction, upload) {
  const write = (label, file, name, ending) =>
    transaction((query) => query(label, 'UPDATE documents SET file = ? WHERE name = ?', [file, name]), ending)
  return {
    names: async () =>
      (await transaction((query) => query('select', 'SELECT name FROM documents'))).map(({ name }) => name),
    insert: async (name, content) => {
      const file = await upload(content)
      await transaction((query) =>
        query('insert', 'INSERT INTO documents (name, file) VALUES (?, ?)', [name, file]),
      )
    },
    replace: async (name, content) => write('update', await upload(content), name),
    remove: (name) => transaction((query) => query('delete', 'DELETE FROM documents WHERE name = ?', [name])),
    rollBack: async (name, content) => write('undo', await upload(content), name, 'ROLLBACK'),
  }
}
