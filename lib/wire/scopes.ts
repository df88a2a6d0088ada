/**
 * What a key may be given, none of which holds another: `generate` makes its tenant's jobs and ends
 * or erases them, `read` reads them, `admin` manages where callbacks go.
 */
export const scopes = ['generate', 'read', 'admin'] as const;
export type Scope = (typeof scopes)[number];

/** What a client needs: the scopes of a key that asks for none. */
export const clientScopes: readonly Scope[] = ['generate', 'read'];
