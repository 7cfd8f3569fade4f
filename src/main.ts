#!/usr/bin/env node
/** The command under its old name. Prefer `sluice.js`: it takes 20 MB less (docs/decisions/016-idle-memory.md). */
import './sluice.js'
