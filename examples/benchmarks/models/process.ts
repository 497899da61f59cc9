import { measure, type Task } from './measure.js'

// Program of one measured process: a task on standard input, figures on standard output.
let input = ''
for await (const piece of process.stdin) input += String(piece)
const task: Task = JSON.parse(input)
process.stdout.write(JSON.stringify(await measure(task)))
process.exit(0)
