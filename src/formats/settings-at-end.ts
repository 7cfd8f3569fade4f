/** Settings that change on the way, for formats that have the same ones from beginning to end (conversion.md E19). */
import type { Conversation, SettingsDeltaPart } from './conversation.ts'

/**
 * The conversation with the settings that hold at its end, for they are those of the answer that is asked for.
 *
 * @param note told the path of every change
 */
export function withSettingsAtEnd(conversation: Conversation, note: (path: string) => void): Conversation {
  let settings = conversation
  for (const [index, turn] of conversation.turns.entries()) {
    for (const part of turn.parts) {
      if (part.type !== 'settings-delta') continue
      note(`turns[${index}]`)
      settings = changed(settings, part)
    }
  }
  return settings
}

function changed(conversation: Conversation, { effort, outputFormat }: SettingsDeltaPart): Conversation {
  return {
    ...conversation,
    ...(effort === undefined ? {} : { reasoning: { ...conversation.reasoning, effort } }),
    ...(outputFormat === undefined ? {} : { outputFormat }),
  }
}
