/** This format's name: its folder, its key in extension bags, and the `format` of what it keeps as JSON text. */
export const FORMAT = 'openai-responses'
