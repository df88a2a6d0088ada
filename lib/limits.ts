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
/** Attempts a job may spend on one model, crashes included but for the first. */
export const maxStrikes = 4;
/** A job that runs alone needs this much of the function's time; with less its message goes back. */
export const aloneMinMs = 2 * 60_000;
/** What a later version wrote is left to it: looked at again after this, and readers are told so. */
export const newerVersionMs = 30_000;

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
export const maxOutputTokens = 1_000_000;
/** Of text, reasoning and calls in one generation; ten at once, begun by the largest requests, fit a worker. */
export const maxOutputChars = 8 * 1024 * 1024;
/** OpenAI's own limits for metadata: 16 pairs, keys of 64 and values of 512 characters. */
export const maxMetadataPairs = 16;
export const maxMetadataKeyChars = 64;
export const maxMetadataValueChars = 512;
export const maxModelChars = 256;
/** Reserved of a tenant's tokens per day for the output of a request that does not say how much. */
export const reservedOutputTokens = 4_096;
/** What a sandbox knows of a tenant's limits is read again after this. */
export const limitsFreshMs = 60_000;
/** Of one tenant, how many waiting jobs a sweep sends for at most. */
export const maxTurnsPerSweep = 100;
/** A slot whose job is not there for so long is given back: by then its creator is at it no more. */
export const slotOfNoJobMs = 2 * 60_000;
/** Counters of a tenant that nobody counts with are forgotten after this. */
export const tenantCountersTtlMs = 3 * 24 * 60 * 60_000;
/** A tenant whose jobs are counted has requests held while it has no more than so many live jobs. */
export const waitingDefault = 1_000;
/** A queued job whose client is waited with, and that no worker has claimed by then, is run where it waits. */
export const unclaimedMs = 5_000;
/** And with this much of the wait left, unless what it leaves undone can be resumed. */
export const takeOnLeastMs = 60_000;
/** A function that streams a job stands in for its worker in so much of its first time: the rest is for the generation. */
export const standInWithinMs = 5 * 60_000;
/** How long a repeated request of a limited tenant waits for the first one to make their job. */
export const twinWaitMs = 2_000;

/** How long a request can be repeated under its `Idempotency-Key`. */
export const idempotencyKeyTtlMs = 24 * 60 * 60_000;
export const maxIdempotencyKeyChars = 255;
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
/** A generation that nobody waits for is left to its upstream after this, and looked in on. */
export const parkAfterMs = 5_000;
/** A parked job is looked at this often in the life of its generation, at least this often. */
export const parkLooksPerAge = 8;
export const parkLookMaxMs = 60_000;
/** So close to its deadline a job is not parked any more. */
export const parkMarginMs = 15_000;
/** An upstream that did not hear that it is to stop is told again after this: by the next sweep. */
export const stopAgainMs = 50_000;
/** How long the first event of a generation that is to be stopped is waited for: it tells its id. */
export const firstWordMs = 1_000;
/** After a record was refused, calls wait for theirs for so long. */
export const recordRefusedMs = 30_000;
/** How long telling an upstream to stop may take. */
export const stopCallMs = 5_000;

/** Output this short is over before it helps that the upstream would go on without us. */
export const shortOutputTokens = 256;

/** A generation predicted to be over by then does not need to go on without us either. */
export const shortGenerationMs = 10_000;
/** Of a model's generations the short ones end first: of fewer than so many a prediction may know no others. */
export const shortEvidence = 50;

/** Of so many generations alike the longest few are left out of a prediction. */
export const durationQuantile = 0.98;
/** Fewer than this seen to their end predict nothing. */
export const durationEvidence = 5;
/** All that is remembered of requests alike weighs as much as so many; what comes displaces the rest. */
export const durationsKept = 100;
/** Long enough for one request in three hours to keep a model known. */
export const durationHalfLifeMs = 12 * 60 * 60_000;
/** The durations of a model that nobody asks for are forgotten after a week. */
export const durationsTtlMs = 7 * 24 * 60 * 60_000;
/** What a sandbox knows of a model's durations is read again after this, and not waited for. */
export const durationsFreshMs = 30_000;
/** Where nothing is known, soon and with patience: others may have seen it meanwhile. */
export const durationsUnseenMs = 2_000;
/** After this it is waited for. */
export const durationsStaleMs = 10 * 60_000;
/** A store that has not told durations by then is not waited for. */
export const durationsReadMs = 500;
/** A sandbox writes down what it saw this often where it is as expected, */
export const durationsFlushMs = 60_000;
/** and this often where something took so many times as long as expected. */
export const durationsSurpriseMs = 2_000;
export const durationSurprise = 1.5;
/** Models that a sandbox knows of, and observations it holds for one; clients choose the models. */
export const maxKnownModels = 256;
export const maxHeldObservations = 100;

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

/** Standard Webhooks recommends less than 20 kB (spec 1.0.0, "Payload size", read 2026-11). */
export const maxCallbackBodyBytes = 20_000 - 1;
export const maxCallbackUrlChars = 2_048;
/** How long one delivery attempt may take: the name, the connection, and the answer. */
export const deliveryAttemptMs = 15_000;
/** A delivery's message that has not led to an attempt is sent again after this, doubling up to 1 h. */
export const deliveryResendMs = 2 * 60_000;
/** A delivery attempt holds its delivery for this long: the attempt, and what the store may take. */
export const deliveryClaimMs = deliveryAttemptMs + 25_000;
/** Delivery attempts that the log keeps, the last ones. */
export const maxDeliveryLog = 30;
/** The due index has this many partitions for deliveries, behind those of the jobs. */
export const deliveryDueShards = 4;
export const maxCallbackEndpoints = 20;
/** A secret that was rotated away signs along for this long. */
export const callbackSecretOverlapMs = 24 * 60 * 60_000;
/** A delivery attempt that lasts so long holds up its sandbox, and marks its tenant as slow. */
export const heldUpMs = 2_000;
/** One that lasts so long is stopped, to begin anew later, unless it gets its tenant's lane. */
export const laneAskedMs = 5_000;
/** A tenant that was marked as slow is taken to be for so long. */
export const slowTenantMs = 10 * 60_000;
/** A sandbox that tries a slow tenant's receivers has its lane for so long at most. */
export const slowLaneMs = deliveryAttemptMs + 5_000;
/** A delivery that finds no place is put off by this, and twice as long the next time. */
export const putOffFirstMs = 30_000;
export const putOffMaxMs = 5 * 60_000;
/** A receiver that has timed out is left alone for so long by the sandbox that saw it. */
export const slowReceiverMs = 60_000;
/** A tenant that had endpoints, or none, is taken to have them, or not, for so long. */
export const hasEndpointsFreshMs = 60_000;
export const hasNoEndpointsFreshMs = 5_000;
/** A delivery is tried for this long, and an endpoint that failed for this long is disabled. */
export const deliveryLifeMs = 5 * 24 * 60 * 60_000;

/** An attempt is not started with less than this left of the job's deadline: it could not finish. */
export const minAttemptMs = 1_000;

/** What a sandbox knows of an upstream's health is read again after this. */
export const healthFreshMs = 2_000;
/** A store that has not told an upstream's health by then is not waited for. */
export const healthReadMs = 500;
/** What an upstream's calls have earned is written this often while its budget is not full. */
export const earnedFlushMs = 10_000;
/** The health of an upstream that nobody reports on is forgotten after a day. */
export const healthTtlMs = 24 * 60 * 60_000;

/** Each first call earns this much of a retry, so that retries are a fifth of the calls. */
export const retryEarned = 0.2;
/** Retries that are at hand after a time without failures. */
export const retryCapacity = 10;
/** Grows without calls, so that the last jobs of a quiet upstream are not stuck. */
export const retryRefillPerSecond = 0.1;

/** Failures that open a circuit, where they are more than the calls that were answered meanwhile. */
export const circuitFailures = 5;
/** And where the first is this long ago, so that a success anywhere had the time to be told. */
export const circuitRowMs = 2 * healthFreshMs;
/** Fewer do on trial, after the first answer of an upstream that had failed. */
export const trialFailures = 2;
/** So many answers on trial are enough to hold the first failure against. */
export const trialAnswers = 10;
/** Failures and answers together that are remembered. */
export const circuitSample = 20;
export const circuitOpenFirstMs = 30_000;
/** With what a probe takes, a circuit is closed within a minute of its upstream's return. */
export const circuitOpenMaxMs = 45_000;
/** A probe that has told nothing by then is taken for dead, and another is let through. */
export const probeLeaseMs = 60_000;
/** A circuit without news is forgotten after this. */
export const circuitMemoryMs = 10 * 60_000;
/** Circuits kept of one upstream; clients choose the models. */
export const maxCircuits = 64;

/** Jobs that wait for a circuit come back within this after it lets a probe through. */
export const deferSpreadMs = 20_000;
/** A job that found the probe taken looks again no sooner than this. */
export const deferProbedMs = 5_000;
