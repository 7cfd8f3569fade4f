/** The format's own name: the key of its fields in `extensions`, the `format` of its opaque parts. */
export const FORMAT = 'openai-chat'
