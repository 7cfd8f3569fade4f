import type { TextRun } from '../text-run.ts'

/** Writes the frames of one stream, numbered from 0 without gaps (OpenAI Responses API, `sequence_number`). */
export class SseFrames {
  #next = 0

  /** One frame for each text of the run. @param before members that end in the key of the text */
  run(type: string, before: string, after: string, { sources }: TextRun): string {
    let frames = ''
    for (const source of sources) frames += this.frame(type, `${before}"${source}"${after}`)
    return frames
  }

  /** @param members JSON members of the event beside its type and number: `"delta":"x"` */
  frame(type: string, members: string): string {
    return `event: ${type}\ndata: {"type":"${type}","sequence_number":${this.#next++},${members}}\n\n`
  }
}
