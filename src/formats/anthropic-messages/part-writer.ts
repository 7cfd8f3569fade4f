/** One part of a streamed reply, events → the frames of one content block, or of none. */
import type { Part } from '../conversation.ts'
import type { BlockFrames, PartWriter } from './block-frames.ts'
import { CarryingWriter } from './carrying-writer.ts'
import type { ReplyEncoding } from './reply-blocks.ts'
import { TextWriter } from './text-writer.ts'
import { ThinkingWriter } from './thinking-writer.ts'
import { ToolUseWriter } from './tool-use-writer.ts'
import { WholeWriter } from './whole-writer.ts'

export function partWriter(part: Part, index: number, frames: BlockFrames, encoding: ReplyEncoding): PartWriter {
  encoding.log.foreign(part.extensions, `parts[${index}]`)
  if (part.type === 'reasoning') return new ThinkingWriter(part, index, frames, encoding)
  return new CarryingWriter(plainWriter(part, index, frames, encoding), part, index, frames, encoding)
}

function plainWriter(
  part: Exclude<Part, { type: 'reasoning' }>,
  index: number,
  frames: BlockFrames,
  encoding: ReplyEncoding,
): PartWriter {
  switch (part.type) {
    case 'text':
      return new TextWriter(part, index, frames, encoding)
    case 'refusal':
      return new TextWriter({ type: 'text', text: part.text }, index, frames, encoding)
    case 'tool-call':
      return new ToolUseWriter(part, index, frames, encoding)
    default:
      return new WholeWriter(part, index, frames, encoding)
  }
}
