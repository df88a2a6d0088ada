/** What a key may be given: to start generations, to read its tenant's jobs, to administer them. */
export const scopes = ['generate', 'read', 'admin'] as const;
export type Scope = (typeof scopes)[number];

/** What a client needs: the scopes of a key that asks for none. */
export const clientScopes: readonly Scope[] = ['generate', 'read'];
