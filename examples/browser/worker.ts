import { serveKnowledgeBase } from './worker-host.js'

// The whole worker: its global scope is the port to the page.
serveKnowledgeBase(self)
