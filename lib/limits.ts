/**
 * Every number that two rooms must agree on. Durations are milliseconds unless the name says
 * otherwise. The relations between them are checked by tests/unit/limits.test.ts and, against the
 * packaged template, by tests/unit/template.
 */

/** A lease is the right to write to a job; whoever holds it renews it every `leaseRenewMs`. */
export const leaseMs = 45_000;
export const leaseRenewMs = 15_000;
/** How far two Lambda hosts' clocks may disagree before the sweep calls a lease expired. */
export const clockSkewMs = 10_000;
/** Attempts a job may spend on one model, crashes included. */
export const maxStrikes = 4;

/** Kept free at a function's end for one checkpoint and one settle. */
export const reserveMs = 10_000;
/** A checkpoint is appended this often while somebody follows the job, and otherwise. */
export const checkpointFollowedMs = 1_000;
export const checkpointAloneMs = 10_000;
export const maxChunkBytes = 256 * 1024;
/** How long one read of a pending result counts as following the job. */
export const followMs = 10_000;

export const backoffFirstMs = 1_000;
export const backoffMaxMs = 5 * 60_000;
/** A Retry-After up to this is waited for inside the attempt, once, before any output. */
export const quickRetryMaxMs = 2_000;
/** SQS: a message may be delayed by at most 15 minutes (SendMessage, DelaySeconds; read 2026-11). */
export const maxMessageDelayMs = 15 * 60_000;
/** A message that comes this early is kept back by its visibility; earlier ones are acknowledged. */
export const earlyMessageMs = 60_000;
/** A queued job whose message has not led to a claim is sent again after this, doubling up to 1 h. */
export const resendFirstMs = 2 * 60_000;
export const resendMaxMs = 60 * 60_000;

export const firstEventMs = 120_000;
export const firstEventReasoningMs = 600_000;
export const betweenEventsMs = 60_000;

export const waitMaxMs = 290_000;
export const resultWaitMaxMs = 20_000;
export const deadlineDefaultMs = 60 * 60_000;
export const deadlineMaxMs = 24 * 60 * 60_000;
export const resultTtlDefaultMs = 24 * 60 * 60_000;
export const resultTtlMinMs = 60_000;
export const resultTtlMaxMs = 30 * 24 * 60 * 60_000;

/** Lambda streams a request to a function up to 6 MB, base64 included; 4 MiB of body always fit. */
export const maxBodyBytes = 4 * 1024 * 1024;
/** Above this many requested tokens a generation is not expected to end within the default wait. */
export const inlineOutputTokens = 1_500;
export const maxOutputTokens = 1_000_000;
/** OpenAI's own limits for metadata: 16 pairs, keys of 64 and values of 512 characters. */
export const maxMetadataPairs = 16;
export const maxMetadataKeyChars = 64;
export const maxMetadataValueChars = 512;
export const maxModelChars = 256;
export const maxMessages = 2_048;
/** Deeper values would end the stack of whatever walks them by recursion, JSON.stringify included. */
export const maxJsonLevels = 100;
/** An earlier conversation is in memory several times over, as JSON and as values. */
export const maxEarlierChars = 16 * 1024 * 1024;
/** A body of many tiny values takes a hundred times its size in memory to check. */
export const maxJsonValues = 100_000;

/** How long the content of a `store: false` job outlives its end, if it had to become a job. */
export const unstoredKeptMs = 10 * 60_000;
/** After a deletion a late writer may still put a chunk: its lease, and a Lambda's longest run. */
export const purgeAgainMs = leaseMs + 16 * 60_000;

/** DynamoDB holds 400 KB an item, names included; content is cut into chunks of at most this. */
export const maxItemBytes = 350 * 1024;
export const dueShards = 16;

/** A background generation that cannot be streamed any more is looked in on this often. */
export const adoptPollMs = 5_000;
/** How long telling an upstream to stop may take. */
export const stopCallMs = 5_000;

/** Output this short is over before it helps that the upstream would go on without us. */
export const shortOutputTokens = 256;

/** How often a reader looks for new output of a job. */
export const followPauseMs = 400;
/** A comment goes out on a silent event stream this often; gateways and proxies close idle ones. */
export const heartbeatMs = 10_000;
/** How long the status of a live reply waits for the first output, so that a failure is an HTTP error. */
export const firstOutputMs = 10_000;

/** A generation that its upstream has not begun after this is cancelled and started anew. */
export const upstreamQueueMs = 2 * 60_000;

/** How long a cancel waits for the attempt to leave its last output: it notices within a second. */
export const leaveMs = 1_500;
