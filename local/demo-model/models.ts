const listed = ['demo', 'demo-10s', 'demo-40s', 'demo-120s'];
const createdSeconds = 1_735_689_600;

/** One entry of `GET /v1/models`, in OpenAI's shape. */
export function modelDocument(id: string) {
  return { id, object: 'model', created: createdSeconds, owned_by: 'demo' };
}

/** The body of `GET /v1/models`: examples, since any model that starts with `demo` is served. */
export function modelList() {
  return { object: 'list', data: listed.map(modelDocument) };
}
