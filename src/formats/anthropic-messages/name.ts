/** This format's name: the key of its extensions and the mark of its opaque parts. */
export const FORMAT = 'anthropic-messages'
