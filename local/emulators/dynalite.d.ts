declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** The part of dynalite's options that is used here. */
  export type DynaliteOptions = {
    /** Folder of the LevelDB store; without it the tables are in memory. */
    path?: string;
    createTableMs?: number;
    deleteTableMs?: number;
    updateTableMs?: number;
  };

  /** A server that answers as DynamoDB; closing it closes the store. */
  export default function dynalite(options?: DynaliteOptions): Server;
}
