/** Which of an agent's tools reads the note, and with which arguments. */
import type { Fields, OfferedTool, Says } from './speaker.ts'

/** Names, best first, as the agents call their tools for reading files and running commands. */
const NAMES = [
  'Read',
  'read_file',
  'read',
  'readNote',
  'exec_command',
  'shell_command',
  'shell',
  'exec',
  'Bash',
  'bash',
]
const PATHS = ['file_path', 'filePath', 'absolute_path', 'path', 'file']
const COMMANDS = ['cmd', 'command']

/**
 * @param note path of the file that is to be read
 * @returns the call, or a sentence that says why there is none
 */
export function chooseCall(tools: readonly OfferedTool[], note: string): Says | string {
  const [tool] = tools
    .map(tool => ({ tool, rank: NAMES.indexOf(bareName(tool.name)) }))
    .filter(({ rank }) => rank >= 0)
    .sort((a, b) => a.rank - b.rank)
    .map(ranked => ranked.tool)
  if (tool === undefined) return `no known tool among ${tools.map(({ name }) => name).join(', ')}`
  return { type: 'call', tool, input: inputFor(tool, note) }
}

/** Groups of tools that a conversion has flattened bear their group's name in front. */
function bareName(name: string): string {
  return name.slice(name.lastIndexOf('__') + 1).replace(/^_+/, '')
}

function inputFor(tool: OfferedTool, note: string): Fields | string {
  const names = tool.parameters
  if (names === undefined) return script(note)
  const path = PATHS.find(name => names.includes(name))
  if (path !== undefined) return { [path]: note }
  const command = COMMANDS.find(name => names.includes(name))
  if (command === undefined) return names.includes('input') ? { input: script(note) } : {}
  return { [command]: tool.name === 'shell' ? ['cat', note] : `cat '${note}'` }
}

/** Codex runs what its free-text tool is given as JavaScript, with its other tools at hand. */
function script(note: string): string {
  return `const result = await tools.exec_command({ cmd: ${JSON.stringify(`cat '${note}'`)} }); text(JSON.stringify(result));`
}
