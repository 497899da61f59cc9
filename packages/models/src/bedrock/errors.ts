import { ModelError } from '@tesserae/core'
import {
  brokenConnection,
  fieldOf,
  headersOf,
  isPassing,
  retryAfterOf,
  sentence,
  statusOf,
} from '../remote/model-error.js'
import type { BedrockCall } from './client.js'

interface Diagnosis {
  readonly what: string
  readonly remedy: string
  readonly retryable: boolean
}

const credentials = 'Check the AWS credentials of this process: they are missing, wrong or expired.'

/** What Bedrock's exceptions mean, by name; those not listed are judged by their status. */
const exceptions: { readonly [name: string]: Diagnosis } = {
  ThrottlingException: {
    what: 'was throttled by Bedrock',
    remedy: 'Send fewer requests or tokens a minute, or ask for a higher quota.',
    retryable: true,
  },
  TooManyRequestsException: {
    what: 'was throttled by Bedrock',
    remedy: 'Send fewer requests or tokens a minute, or ask for a higher quota.',
    retryable: true,
  },
  ServiceQuotaExceededException: {
    what: 'is over a quota of this account',
    remedy: 'Wait, or ask for a higher quota in Service Quotas.',
    retryable: true,
  },
  ModelNotReadyException: {
    what: 'is not ready yet',
    remedy: 'Bedrock is loading it; ask again in a while.',
    retryable: true,
  },
  ModelTimeoutException: {
    what: 'took too long',
    remedy: 'Send less at once.',
    retryable: true,
  },
  ValidationException: {
    what: 'refused the request',
    remedy: '',
    retryable: false,
  },
  ResourceNotFoundException: {
    what: 'was not found',
    remedy: 'Check the id of the model and the region.',
    retryable: false,
  },
  ExpiredTokenException: { what: 'could not be asked', remedy: credentials, retryable: false },
  UnrecognizedClientException: { what: 'could not be asked', remedy: credentials, retryable: false },
  InvalidSignatureException: { what: 'could not be asked', remedy: credentials, retryable: false },
  CredentialsProviderError: { what: 'could not be asked', remedy: credentials, retryable: false },
}

/** An error of the AWS SDK as a `ModelError`: what happened, what the service says, what to do, whether to retry. */
export function bedrockError({ name, action }: BedrockCall, error: unknown): ModelError {
  const kind = error instanceof Error ? error.name : 'Error'
  const message = error instanceof Error ? error.message : String(error)
  const status = statusOf(error)
  const { what, remedy, retryable } = diagnose(kind, message, action, status, error)
  const said = message === '' || message === kind ? '' : ` ${sentence(message)}`
  return new ModelError(`${name} ${what}.${said}${remedy && ` ${remedy}`}`, {
    retryable,
    retryAfterMs: retryable ? retryAfterOf(headersOf(error)) : undefined,
    details: { exception: kind, status },
    cause: error,
  })
}

function diagnose(
  kind: string,
  message: string,
  action: string,
  status: number | undefined,
  error: unknown,
): Diagnosis {
  if (kind === 'AccessDeniedException') return denied(message, action)
  if (kind === 'ValidationException' && /on-demand throughput/i.test(message)) {
    return {
      what: 'refused the request',
      remedy: 'Use the id of an inference profile, for example "us." in front of the model’s id.',
      retryable: false,
    }
  }
  if (kind === 'ModelErrorException') {
    const original = fieldOf(error, 'originalStatusCode')
    return {
      what: 'failed while it was computing',
      remedy: '',
      retryable: typeof original === 'number' && isPassing(original),
    }
  }
  const listed = exceptions[kind]
  if (listed !== undefined) return listed
  if (/region is missing/i.test(message)) {
    return {
      what: 'could not be asked',
      remedy: 'Set `region`, or AWS_REGION in the environment.',
      retryable: false,
    }
  }
  const code = brokenConnection(error)
  if (code !== undefined || kind === 'TimeoutError') {
    return { what: 'could not be reached', remedy: 'Check the network and the region.', retryable: true }
  }
  if (error instanceof SyntaxError)
    return { what: 'answered with something that is not JSON', remedy: '', retryable: false }
  return {
    what: status === undefined ? 'failed' : `answered ${status}`,
    remedy: '',
    retryable: status !== undefined && isPassing(status),
  }
}

/** Two denials that need different people: a policy without the action, and an account without the model. */
function denied(message: string, action: string): Diagnosis {
  const missing = /not authorized to perform: ?([\w-]+:\w+)(?: on resource: ?(\S+))?/.exec(message)
  if (missing === null && /access to the model|model access/i.test(message)) {
    return {
      what: 'is not open to this account',
      remedy: 'Ask for access to the model in the Bedrock console, in the same region.',
      retryable: false,
    }
  }
  const wanted = missing?.[1] ?? action
  const where = missing?.[2] === undefined ? '' : ` on ${missing[2].replace(/[.,]$/, '')}`
  return {
    what: 'may not be asked by this role',
    remedy: `Add the IAM action ${wanted}${where} to its policy.`,
    retryable: false,
  }
}
