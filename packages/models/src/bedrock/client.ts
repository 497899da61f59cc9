import { isRagError, RagError } from '@tesserae/core'
import { fieldOf } from '../remote/model-error.js'
import { within } from '../remote/timeout.js'
import { bedrockError } from './errors.js'

/** The part of an AWS SDK client that is used: `BedrockRuntimeClient` and `BedrockAgentRuntimeClient` have it. */
export interface BedrockClient {
  send(command: object, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown>
}

export interface BedrockOptions {
  /** A client of your own, with its region, credentials and retries. @default one that tries once */
  readonly client?: BedrockClient | undefined
  /** Region of the client that is made here. @default what the AWS SDK finds in the environment */
  readonly region?: string | undefined
  /** Time one request may take. @default 60_000 */
  readonly timeoutMs?: number | undefined
}

export interface BedrockCall {
  /** How messages call the model. */
  readonly name: string
  /** IAM action that the call needs. */
  readonly action: string
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** Sends a command under the time limit, its errors mapped. */
export async function sendCommand(
  client: BedrockClient,
  command: object,
  call: BedrockCall,
): Promise<unknown> {
  const { name, timeoutMs, signal } = call
  try {
    return await within(name, timeoutMs, signal, (abortSignal) => client.send(command, { abortSignal }))
  } catch (error) {
    signal?.throwIfAborted()
    throw isRagError(error) ? error : bedrockError(call, error)
  }
}

/** The AWS SDK retries by itself; retries belong above the port, where quotas are known, so it tries once here. */
const attempts = { maxAttempts: 1 }

const runtimePackage = '@aws-sdk/client-bedrock-runtime'
const agentPackage = '@aws-sdk/client-bedrock-agent-runtime'

export interface Commands {
  readonly client: BedrockClient
  command(name: string, input: object): object
}

/** A client and its commands, out of the optional peer, on first use. */
export function lazyCommands(kind: 'runtime' | 'agent', options: BedrockOptions): () => Promise<Commands> {
  let loading: Promise<Commands> | undefined
  const peer = kind === 'runtime' ? runtimePackage : agentPackage
  const load = async (): Promise<Commands> => {
    const module: object = await (kind === 'runtime'
      ? import('@aws-sdk/client-bedrock-runtime')
      : import('@aws-sdk/client-bedrock-agent-runtime')
    ).catch((cause: unknown) => {
      throw new RagError(
        'unsupported',
        `@tesserae/models/bedrock needs the package ${peer} for this model. Install it beside Tesserae: npm install ${peer}`,
        { details: { package: peer }, cause },
      )
    })
    const construct = (name: string, argument: object): object => {
      const made = fieldOf(module, name)
      if (typeof made !== 'function') {
        throw new RagError(
          'unsupported',
          `The installed ${peer} has no ${name}. Install a newer version of it.`,
          {
            details: { package: peer },
          },
        )
      }
      return Reflect.construct(made, [argument])
    }
    const region = options.region === undefined ? {} : { region: options.region }
    const clientName = kind === 'runtime' ? 'BedrockRuntimeClient' : 'BedrockAgentRuntimeClient'
    return {
      client: options.client ?? clientOf(construct(clientName, { ...attempts, ...region })),
      command: construct,
    }
  }
  return () => {
    loading ??= load()
    loading.catch(() => {
      loading = undefined
    })
    return loading
  }
}

function clientOf(value: object): BedrockClient {
  if (isClient(value)) return value
  throw new RagError('unsupported', 'The installed AWS SDK has no `send` on its client. Install version 3.')
}

export function isClient(value: unknown): value is BedrockClient {
  return typeof fieldOf(value, 'send') === 'function'
}

/** Region of a client, as AWS SDK clients keep it. */
export async function regionOf(client: BedrockClient): Promise<string | undefined> {
  const region = fieldOf(fieldOf(client, 'config'), 'region')
  const value: unknown = typeof region === 'function' ? await region() : region
  return typeof value === 'string' ? value : undefined
}
