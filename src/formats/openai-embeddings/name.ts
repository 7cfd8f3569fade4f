/** The format's own name. */
export const FORMAT = 'openai-embeddings'
