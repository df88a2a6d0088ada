/** An AWS service that runs on this machine. */
export type Emulator = {
  /** Its origin, such as `http://127.0.0.1:4566`. */
  endpoint: string;
  /** Ends it; resolves when what it keeps on disk is complete. */
  close(): Promise<void>;
};

/** Any account will do for an emulator; the region is the one of the local stack. */
export const emulatorCredentials = {
  accessKeyId: 'local',
  secretAccessKey: 'local',
} as const;
