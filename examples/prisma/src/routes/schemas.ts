/** Of the path of one row. */
export const ID = { type: 'object', properties: { id: { type: 'integer' } } }

/** The answer where a form has brought no file. */
export const NO_FILE = { code: 'NO_FILE', message: 'Expected a file' }
