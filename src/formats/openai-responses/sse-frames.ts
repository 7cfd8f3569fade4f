/** Writes the frames of one stream, numbered from 0 without gaps (OpenAI Responses API, `sequence_number`). */
export class SseFrames {
  #next = 0

  /** @param members JSON members of the event beside its type and number: `"delta":"x"` */
  frame(type: string, members: string): string {
    return `event: ${type}\ndata: {"type":"${type}","sequence_number":${this.#next++},${members}}\n\n`
  }
}
