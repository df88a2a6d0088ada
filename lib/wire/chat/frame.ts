import { sseFrame } from '../sse.ts';

/** One entry of a chat job's transcript as an event; the chat protocol's events have no name. */
export const chatFrame = (entry: string): string => sseFrame(undefined, entry);
