/** What each route of the API can be asked, whichever function answers. */
export const routeMethods: Readonly<Record<string, readonly string[]>> = {
  '/generate': ['POST'],
  '/results/{id}': ['GET'],
  '/v1/responses': ['GET', 'POST'],
  '/v1/responses/{id}': ['GET', 'DELETE'],
  '/v1/responses/{id}/cancel': ['POST'],
  '/v1/responses/{id}/input_items': ['GET'],
  '/v1/chat/completions': ['POST'],
  '/v1/models': ['GET'],
  '/v1/models/{id+}': ['GET'],
  '/jobs/{id}': ['GET'],
  '/jobs/{id}/cancel': ['POST'],
  '/jobs/{id}/retry': ['POST'],
  '/health': ['GET'],
};
