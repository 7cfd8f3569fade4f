/** What the engine relies on in a request body (OpenAI API reference, "Create embeddings"). */
export const EMBED = {
  type: 'object',
  required: ['model', 'input'],
  properties: {
    model: { type: 'string', minLength: 1 },
    input: { type: ['string', 'array'], items: { type: ['string', 'integer', 'array', 'object'] } },
    dimensions: { type: ['integer', 'null'] },
    encoding_format: { type: ['string', 'null'] },
    user: { type: ['string', 'null'] },
  },
}
