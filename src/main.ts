#!/usr/bin/env node
/** The command under its old name. */
import './sluice.js'
